import 'reflect-metadata'; // wanted by a dependency of the library, before it is loaded

export * from '@peculiar/x509';

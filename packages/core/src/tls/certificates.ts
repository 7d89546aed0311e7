import { createPrivateKey, X509Certificate as Issued, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import type { X509Certificate } from '@peculiar/x509';
import type { TlsIdentity } from '../plugin/index.ts';

/** A certificate and its private key, PEM. An authority's certificate is its own root. */
export type { TlsIdentity };

/** What a certificate is issued for. */
export interface LeafRequest {
  /** Shown to people; nobody checks it. */
  readonly subject: string;
  /** Host names, wildcards among them, and IP addresses that others may find its holder under. */
  readonly names: readonly string[];
  readonly now: Date;
  readonly days: number;
}

/** Loaded where it is needed: it takes a quarter of a second and 20 MB. */
const library = () => import('./x509.ts');

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
/** Clocks of several machines differ. */
const earlierMs = 3_600_000;

/** Makes an authority that vouches for itself. */
export async function makeAuthority(subject: string, now: Date, days: number): Promise<TlsIdentity> {
  const { X509CertificateGenerator } = await library();
  const { publicKey, privateKey } = await generateKeys();
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: commonName(subject),
    issuer: commonName(subject),
    ...validity(now, days),
    publicKey,
    signingKey: privateKey,
    signingAlgorithm: algorithm,
    extensions: await authorityExtensions(publicKey, publicKey),
  });
  return { certificate: pem(certificate), key: await keyText(privateKey) };
}

/**
 * The certificate of one authority, issued by an older one: who trusts the old one alone accepts what the new one
 * issues, when this stands behind it in the chain.
 */
export async function vouchFor(authority: string, by: TlsIdentity): Promise<string> {
  const x509 = await library();
  const [known, issuer] = [new x509.X509Certificate(authority), new x509.X509Certificate(by.certificate)];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: known.subject,
    issuer: issuer.subject,
    notBefore: known.notBefore,
    notAfter: earlier(known.notAfter, issuer.notAfter),
    publicKey: known.publicKey,
    signingKey: await signingKey(by.key),
    signingAlgorithm: algorithm,
    extensions: await authorityExtensions(known.publicKey, issuer.publicKey),
  });
  return pem(certificate);
}

/** A certificate for both ends of a connection. It ends no later than its issuer. */
export async function issueLeaf(
  issuer: TlsIdentity,
  { subject, names, now, days }: LeafRequest,
): Promise<TlsIdentity> {
  const x509 = await library();
  const authority = new x509.X509Certificate(issuer.certificate);
  const { publicKey, privateKey } = await generateKeys();
  const { notBefore, notAfter } = validity(now, days);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: commonName(subject),
    issuer: authority.subject,
    notBefore,
    notAfter: earlier(notAfter, authority.notAfter),
    publicKey,
    signingKey: await signingKey(issuer.key),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension(
        [...new Set(names)].map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }) as const),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return { certificate: pem(certificate), key: await keyText(privateKey) };
}

/** When the first certificate of a PEM text ends. */
export function endOf(certificate: string): Date {
  return new Date(new Issued(certificate).validTo);
}

/** `days` whole days from `now`. */
export function daysLater(now: Date, days: number): Date {
  return new Date(now.getTime() + days * dayMs);
}

async function authorityExtensions(own: KeyLike, issuers: KeyLike) {
  const x509 = await library();
  return [
    // It issues to leaves, and through `vouchFor` to its successor.
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.AuthorityKeyIdentifierExtension.create(issuers),
    await x509.SubjectKeyIdentifierExtension.create(own),
  ];
}

type KeyLike = X509Certificate['publicKey'] | webcrypto.CryptoKey;

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function keyText(key: webcrypto.CryptoKey): Promise<string> {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}

async function signingKey(text: string): Promise<webcrypto.CryptoKey> {
  return createPrivateKey(text).toCryptoKey(algorithm, false, ['sign']);
}

function validity(now: Date, days: number) {
  return { notBefore: new Date(now.getTime() - earlierMs), notAfter: daysLater(now, days) };
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b;
}

/** 127 random bits: positive, as RFC 5280 wants it. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function commonName(text: string): { readonly CN: string[] }[] {
  return [{ CN: [text.slice(0, 64)] }]; // RFC 5280: ub-common-name
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`;
}

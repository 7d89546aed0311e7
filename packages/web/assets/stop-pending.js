// W33: the page reloads itself every 5 s until the server has stopped.
setTimeout(() => location.reload(), 5000);

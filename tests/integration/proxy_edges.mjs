// Three edges for the proxies' test: each listens at its address on 8081, and on 9102 says that it
// is ready. /hang is never answered; anything else is, with the buyer's address that the proxy
// tells. On 8082 and 9103 it is a cavea-live, which says one thing and then nothing for long.
// Arguments: a file that gets a line "METHOD PATH" for each request, then the addresses.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [file, ...addresses] = process.argv.slice(2);
for (const address of addresses) {
    createServer((request, response) => {
        appendFileSync(file, `${request.method} ${request.url}\n`);
        request.resume();
        const has = address === addresses.at(-1) && request.url.startsWith('/assets/one?');
        if (request.url.startsWith('/assets/') && !has) {
            response.statusCode = 404;
        }
        if (!request.url.startsWith('/hang')) {
            response.end(request.headers['x-forwarded-for']);
        }
    }).listen(8081, address);
    createServer((request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write(`data: ${request.headers['x-forwarded-for']}\n\n`);
    }).listen(8082, address);
    for (const port of [9102, 9103]) {
        createServer((request, response) => response.end()).listen(port, address);
    }
}

// Peer: Node's ws library, the broadcast of its README. Arguments: port, ingest port.
'use strict';

const net = require('node:net');
const readline = require('node:readline');
const { WebSocket, WebSocketServer } = require('ws');

const [port, ingestPort] = process.argv.slice(2).map(Number);
const server = new WebSocketServer({ host: '127.0.0.1', port, backlog: 4096 });

function broadcast(text) {
  server.clients.forEach((client) => {
    if (client.readyState === WebSocket.OPEN) client.send(text);
  });
}

net
  .createServer((connection) => readline.createInterface({ input: connection }).on('line', broadcast))
  .listen(ingestPort, '127.0.0.1');

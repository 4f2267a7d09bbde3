// Shows what any instance announces, and reloads an order's page once its receipt is there.
const list = document.getElementById('live');
if (list) {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const socket = new WebSocket(`${scheme}://${location.host}/live`);
  socket.onmessage = event => {
    const line = document.createElement('li');
    line.textContent = event.data;
    list.prepend(line);
    const [kind, id] = event.data.split(' ');
    if (kind === 'receipt' && location.pathname === `/orders/${id}`) location.reload();
  };
}

const {EventEmitter} = require('events');

function take(order) {
  JSON.parse(order);
}

const till = new EventEmitter();
till.on('order', (order) => take(order));
setTimeout(() => till.emit('order', '{"lines": [2, 3'), 0);

// expect SyntaxError | * | Timeout._onTimeout:9 > EventEmitter.<anonymous>:8 > take:4

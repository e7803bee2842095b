async function charge(bank) {
  await null;
  throw new Error('no answer of ' + bank);
}

async function order() {
  await Promise.any([charge('one'), charge('two')]);
}

order();

// expect Error | no answer of two | order:7 > charge:3
// expect Error | no answer of one | order:7 > charge:3
// expect AggregateError | All promises were rejected |

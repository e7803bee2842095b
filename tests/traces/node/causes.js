class Refused extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = 'Refused';
    this.code = 'E_BANK';
  }
}

function charge() {
  throw new RangeError('no line to the bank');
}

async function pay() {
  await null;
  try {
    charge();
  } catch (e) {
    throw new Refused('the bank does not answer\nafter 3 tries', {cause: e});
  }
}

async function order() {
  await pay();
}

order();

// expect RangeError | no line to the bank | order:23 > pay:16 > charge:10
// expect Refused | the bank does not answer\nafter 3 tries | order:23 > pay:18

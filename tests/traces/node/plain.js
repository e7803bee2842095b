const rates = {EUR: {factor: 1}};

class Till {
  rate(currency) {
    return rates[currency].factor;
  }

  settle(order) {
    return order.lines.map((price) => price * this.rate(order.currency));
  }
}

function main() {
  return new Till().settle({lines: [2, 3], currency: 'GBP'});
}

main();

// expect TypeError | Cannot read properties of undefined (reading 'factor') | Object.<anonymous>:17 > main:14 > Till.settle:9 > :9 > Till.rate:5

use std::collections::HashMap;

struct Till {
    rates: HashMap<&'static str, u32>,
}

impl Till {
    fn rate(&self, currency: &str) -> u32 {
        *self.rates.get(currency).expect("no rate")
    }

    fn settle(&self, lines: &[u32], currency: &str) -> u32 {
        lines.iter().map(|price| price * self.rate(currency)).sum()
    }
}

fn main() {
    let till = Till { rates: HashMap::from([("EUR", 1)]) };
    println!("{}", till.settle(&[2, 3], "GBP"));
}

// expect panic | no rate | plain::main:19 > plain::Till::settle:13 > plain::Till::settle::{{closure}}:13 > plain::Till::rate:9

use std::thread;

fn take(stock: Result<u32, String>) -> u32 {
    stock.unwrap()
}

fn main() {
    let till = thread::Builder::new()
        .name("till".to_string())
        .spawn(|| take(Err("no stock\nof bolts".to_string())));
    std::process::exit(till.unwrap().join().is_err() as i32);
}

// expect panic | * | thread::main::{{closure}}:10 > thread::take:4

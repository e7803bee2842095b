fn third(lines: &[u32]) -> u32 {
    lines[lines.len() + 1]
}

fn main() {
    println!("{}", third(&[1, 2]));
}

// expect panic | index out of bounds: the len is 2 but the index is 3 | index::main:6 > index::third:2

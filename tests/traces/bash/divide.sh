#!/bin/bash
settle() {
    echo $((1 / 0))
}
settle

# expect - | 1 / 0: division by 0 (error token is "0") | :3

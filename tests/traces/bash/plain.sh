#!/bin/bash
set -u
rate() {
    echo "$(($1 * rates_eur))"
}

settle() {
    rate "$1"
}

settle 2

# expect - | rates_eur: unbound variable | :4

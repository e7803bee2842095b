#!/bin/bash
settle_all --currency GBP

# expect - | settle_all: command not found | :2

use strict;
use warnings;
use Carp;

package Till;

sub rate {
    my ($currency) = @_;
    Carp::confess("no rate for $currency");
}

sub settle {
    my ($order) = @_;
    return map { $_ * rate($order->{currency}) } @{$order->{lines}};
}

package main;

eval { die "not this one\n" };
Till::settle({lines => [2, 3], currency => "GBP"});

# expect die | no rate for GBP | :20 > Till::settle:14 > Till::rate:9

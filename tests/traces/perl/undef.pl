use strict;
use warnings;

sub take {
    my ($name) = @_;
    my $stock = undef;
    return $stock->{$name}->method;
}

take("bolt");

# expect die | Can't call method "method" on an undefined value | :7

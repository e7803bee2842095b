use strict;
use warnings;

sub open_till {
    my ($name) = @_;
    open(my $till, "<", $name) or die "cannot open the till";
}

open_till("/nowhere/till");

# expect die | cannot open the till | :6

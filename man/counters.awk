# counters.def to mdoc(7): the rows of one kind (-v kind=FATE). A row is COUNTER(name, kind, sides, "reason", "help"), on one line.
BEGIN { print ".Bl -tag -width event_too_large -compact" }
/^COUNTER\(/ {
    split($0, quoted, "\"")
    head = quoted[1]
    sub(/^COUNTER\(/, "", head)
    split(head, word, /, */)
    if (word[2] != kind)
        next
    print ".It Cm " word[1]
    text = quoted[4]
    if (kind != "FACT" && quoted[2] != "")
        text = text " (" quoted[2] ")"
    sub(/^\./, "\\&.", text)
    print text
    rows++
}
END {
    print ".El"
    if (!rows)
        exit 1
}

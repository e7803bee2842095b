"""jvm: stack traces as a JVM prints them, told apart by a number, and what each must become."""


def trace(n):
    """What a JVM prints of fault n."""
    return ["java.lang.IllegalStateException: no stock for item %d" % n,
            "\tat com.acme.Stock.take(Stock.java:12)",
            "\tat com.acme.Shop.order(Shop.java:42)",
            "\tat java.base/java.lang.Thread.run(Thread.java:833)",
            "Caused by: java.io.IOException: disk %d" % n,
            "\tat com.acme.Disk.read(Disk.java:3)",
            "\t... 3 more"]


def odd(n):
    """The same with lines that no other fault has, so that no file of them is a copy of another."""
    return [line.replace(".java:", ".java:%d" % (n + 1)) for line in trace(n)]


def check_whole(t, event, n):
    cause, thrown = event["exception"]["values"]
    t.eq((thrown["value"], cause["value"]), ("no stock for item %d" % n, "disk %d" % n))
    t.eq([f["function"] for f in thrown["stacktrace"]["frames"]], ["run", "order", "take"])
    t.eq(cause["stacktrace"]["frames"][-1]["function"], "read")
    t.eq(event["platform"], "java")


def number(event):
    return int(event["exception"]["values"][-1]["value"].split()[-1])

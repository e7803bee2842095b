class Refused(Exception):
    pass


def charge(amount):
    raise ConnectionResetError(104, "Connection reset by peer")


def pay(amount):
    try:
        charge(amount)
    except OSError as e:
        raise Refused("the bank does not answer\nafter 3 tries") from e


def order():
    try:
        pay(10)
    except Refused:
        {}["receipt"]


order()

# expect ConnectionResetError | [Errno 104] Connection reset by peer | pay:11 > charge:6
# expect Refused | the bank does not answer\nafter 3 tries | order:18 > pay:13
# expect KeyError | 'receipt' | <module>:23 > order:20

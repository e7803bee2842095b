def charge(n):
    raise OSError(110, "no answer of bank %d" % n)


def all_banks():
    errors = []
    for n in range(2):
        try:
            charge(n)
        except OSError as e:
            errors.append(e)
    raise ExceptionGroup("no bank answers", errors)


all_banks()

# needs 3.11
# expect TimeoutError | [Errno 110] no answer of bank 1 | all_banks:9 > charge:2
# expect TimeoutError | [Errno 110] no answer of bank 0 | all_banks:9 > charge:2
# expect ExceptionGroup | no bank answers (2 sub-exceptions) | <module>:15 > all_banks:12

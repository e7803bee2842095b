import threading


def take(n):
    if n > 2:
        raise ValueError("")
    take(n + 1)


t = threading.Thread(target=take, args=(0,))
t.start()
t.join()

# expect ValueError |  | take:7 > take:7 > take:7 > take:6

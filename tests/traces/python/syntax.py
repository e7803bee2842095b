import ast


def read(text):
    return ast.literal_eval(text)


read("{'lines': [2, 3}")

# expect SyntaxError | * | <module>:8 > read:5

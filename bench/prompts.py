"""Request bodies as applications send them: of a size, all different, made of real-looking texts.

The texts are the project's own (texts.txt), or lines of {"text": ...} from a file. A body has its
size to the byte. MARK stands where the load puts a new word into each call (wire.h), about one a
kilobyte, so that no call repeats what a gateway has read before. Every run makes the same bodies.
"""
import json
import os
import random
import re

HERE = os.path.dirname(os.path.abspath(__file__))
MARK = "zzzzzzzz"
SLOT = re.compile(r"\[\[(\w+)\]\]")
COUNT = 200  # bodies of a kind
NAMES = ("Ada Brandt", "Tomas Lindqvist", "Mireille Okafor", "Jun Watanabe", "Priya Raman",
         "Olena Kovalenko", "Luca Ferrari", "Hanna Østby", "Samir Haddad", "Grace O'Neill")
PLACES = ("Aldermoor", "Port Selwyn", "Königsfurt", "Santa Brisa", "Vårvik", "Little Harrow",
          "Montclair-sur-Lie", "Novi Brod")
IBANS = ("DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19",
         "FR14 2004 1010 0505 0001 3M02 606")


def fill(rng, word):
    """What stands for [[word]] this time."""
    return {"n": lambda: str(rng.randrange(2, 60)),
            "name": lambda: rng.choice(NAMES),
            "place": lambda: rng.choice(PLACES),
            "money": lambda: "%d.%02d EUR" % (rng.randrange(5, 9000), rng.randrange(100)),
            "date": lambda: "2026-%02d-%02d" % (rng.randrange(1, 13), rng.randrange(1, 29)),
            "mail": lambda: "%s%d@example.org" % (rng.choice("abcdefgh"), rng.randrange(1000)),
            "phone": lambda: "+1 555 01%02d" % rng.randrange(100),
            "id": lambda: "%08X" % rng.getrandbits(32),
            "iban": lambda: rng.choice(IBANS)}[word]()


class Texts:
    """A source of pieces of text."""

    def __init__(self, path=None):
        self.foreign = bool(path)  # its [[words]] are its own
        self.path = path or os.path.join(HERE, "texts.txt")
        with open(self.path, encoding="utf-8") as f:
            if path:
                texts = [json.loads(line)["text"] for line in f if line.strip()]
                self.texts = [t for t in texts if len(t) > 40]
            else:
                self.texts = f.read().strip("\n").split("\n%%\n")[1:]

    def piece(self, rng):
        text = rng.choice(self.texts)
        return text if self.foreign else SLOT.sub(lambda m: fill(rng, m.group(1)), text)


def escaped(value):
    return json.dumps(value, separators=(",", ":"))


def cut(text, size):
    """The longest start of text that takes at most `size` bytes inside a JSON string."""
    low, high = 0, min(len(text), size)
    while low < high:
        middle = (low + high + 1) // 2
        if len(escaped(text[:middle])) - 2 <= size:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def passage(texts, rng, size, mark=True):
    """Text of this size inside a JSON string: pieces, with a MARK before every kilobyte or so."""
    out, length, since = [], 0, 1024
    while length < size:
        piece = texts.piece(rng)
        if mark and since >= 1024:
            piece, since = MARK + " " + piece, 0
        out.append(piece)
        grown = len(escaped(piece)) - 1  # with the space behind it
        length, since = length + grown, since + grown
    text = cut(" ".join(out), size)
    return text + "." * (size - len(escaped(text)) + 2)


def chat(turns, stream=False):
    """A body of alternating turns, the first one the system's."""
    roles = ["system"] + ["user", "assistant"] * len(turns)
    body = {"model": "auto", "messages": [{"role": r, "content": t} for r, t in zip(roles, turns)],
            "temperature": 0.7, "max_tokens": 64}
    if stream:
        body["stream"] = True
    return escaped(body)


SYSTEM = "You are a helpful assistant."


def single(texts, size, count=COUNT, stream=False):
    """Bodies of one question each, `size` bytes long."""
    rng = random.Random("single %d" % size)
    room = size - len(chat([SYSTEM, ""], stream))
    return [chat([SYSTEM, passage(texts, rng, room)], stream) for _ in range(count)]


def spread(texts, largest, count):
    """Single questions of all sizes up to `largest` bytes of text."""
    rng = random.Random("spread")
    return [chat([SYSTEM, passage(texts, rng, rng.randrange(40, largest), mark=False)])
            for _ in range(count)]


def grown(texts, size, talks=10, count=COUNT):
    """Talks that go on: each body of a talk is the one before it with an answer and a question
    more, around `size` bytes. Once all went by, only the question at the end has new words; the
    history before it has been seen."""
    rng = random.Random("grown %d" % size)
    steps, turn_size = count // talks, 200
    bodies = []
    for _ in range(talks):
        turns = [SYSTEM]
        while (left := size - steps * turn_size - len(chat(turns))) > 0 or len(turns) % 2 == 0:
            turn = max(turn_size, min(left, rng.randrange(200, 3000)))
            turns.append(passage(texts, rng, turn, mark=False))
        talk = []
        for _ in range(steps):
            question, answer = (passage(texts, rng, turn_size, mark=False) for _ in range(2))
            talk.append(chat(turns + [MARK + " " + question]))
            turns += [question, answer]
        bodies.append(talk)
    return [talk[step] for step in range(steps) for talk in bodies]


def write(path, bodies):
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(b + "\n" for b in bodies)
    return path

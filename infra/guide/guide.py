"""What a guide in Markdown has its reader do: commands to type, with what they are shown to print, and files to write."""

import re
from dataclasses import dataclass, field


@dataclass
class Command:
    text: str
    shown: list = field(default_factory=list)


@dataclass
class File:
    """A block that begins with `# NAME`: the reader writes it."""

    name: str
    text: str


@dataclass
class Excerpt:
    """A block of YAML without a name: part of a file that a command has made."""

    text: str


def section(text, heading, end):
    """What stands between a heading and another."""
    assert heading in text and end in text, f"the guide has no {heading!r}, or no {end!r} behind it"
    return text[text.index(heading):text.index(end)]


def parts(text):
    """In order, of all fenced blocks."""
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        if language == "yaml":
            name = re.match(r"# (\S+)\n", block)
            yield File(name[1], block) if name else Excerpt(block)
            continue
        assert language == "text" and block.startswith("$ "), f"a block of {language} that begins with no command:\n{block}"
        command = None
        for line in block.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command
                command = Command(line[2:])
            else:
                command.shown.append(line)
        yield command


# What a run makes up: a bundle of evidence, pods of a Deployment, ids in hexadecimal.
MADE_UP = r"\d{8}-\d{6}-[0-9a-f]{16}|\b[a-z]+-[bcdf-hj-np-tv-z0-9]{10}-[bcdf-hj-np-tv-z0-9]{5}\b|\b(?:i-)?[0-9a-f]{8,}\b"
# What differs from run to run and means nothing: times, ages, milliseconds, bytes.
PASSING = r"\d{4}-\d{2}-\d{2}|\d{2}:\d{2}(?::\d{2})?|\d+(?=m\b| ms\b| bytes\b)"
WORDS = re.compile(rf"(?P<made_up>{MADE_UP})|(?P<passing>{PASSING})|(?P<any>…)|(?P<space>\s+)")


def learn(shown, printed, known):
    """The first shown line that was not printed, in order; none where all were. `…` is anything, a column is as wide as it is. What
    a run makes up is whatever it is here, and from then on the same: it is put into `known`."""
    lines = iter([re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in printed.splitlines()])
    for line in shown:
        if line == "…":
            continue
        new = []
        pattern = re.compile(pattern_of(line.strip(), known, new))
        found = next(filter(None, map(pattern.fullmatch, lines)), None)
        if found is None:
            return line
        known |= {word: found[index + 1] for index, word in enumerate(new)}
    return None


def pattern_of(line, known, new):
    """A regular expression of a shown line, with a group for each word that is made up and not known, which is added to `new`."""
    pattern, end = "", 0
    for word in WORDS.finditer(line):
        pattern += re.escape(line[end:word.start()])
        end = word.end()
        match word.lastgroup:
            case "made_up" if word[0] in known:
                pattern += re.escape(known[word[0]])
            case "made_up" if word[0] in new:
                pattern += rf"(?:\{new.index(word[0]) + 1})"
            case "made_up":
                new.append(word[0])
                pattern += r"([\w-]+)"
            case "passing":
                pattern += re.sub(r"\d+", r"\\d+", word[0])
            case "any":
                pattern += ".*"
            case "space":
                pattern += r"\s+"
    return pattern + re.escape(line[end:])


def replaced(text, known):
    """With what is known here in place of what is shown."""
    return re.sub("|".join(map(re.escape, sorted(known, key=len, reverse=True))) or r"(?!)", lambda word: known[word[0]], text)


def pods_of(text):
    """The pods of Deployments that it names."""
    return sorted({word for word in re.findall(MADE_UP, text) if re.fullmatch(r"[a-z]+-\w{10}-\w{5}", word)})


def check():
    """What is shown and not printed is found, whatever may differ."""
    line = "done: pod shop/web-7kw7npzmsn-9zrh6 at 19:22, 300 bytes, sha256 c62d6d40d63644e8, 3 steps"
    printed = "done: pod shop/web-7kw7npzmsn-bqdgk at 20:01, 17 bytes, sha256 0a0042a12ac89648, 3 steps"
    known = {}
    assert learn([line], f"before\n{printed}\nafter", known) is None
    assert known == {"web-7kw7npzmsn-9zrh6": "web-7kw7npzmsn-bqdgk", "c62d6d40d63644e8": "0a0042a12ac89648"}, known
    assert replaced("release web-7kw7npzmsn-9zrh6", known) == "release web-7kw7npzmsn-bqdgk"
    wrong = [
        ("another number", [line.replace("3 steps", "2 steps")], printed),
        ("another word", [line.replace("done", "left")], printed),
        ("another order", ["after", line], f"{printed}\nafter"),
        ("more than was printed", [line, "all is well"], printed),
        ("an id that was another before", [line], printed.replace("bqdgk", "zzzzz")),
    ]
    missed = [what for what, shown, output in wrong if learn(shown, output, dict(known)) is None]
    assert not missed, f"taken for printed: {missed}"
    assert learn(["a … d", "…", "z"], "a b c d\nq\nz", {}) is None
    return f"{len(wrong)} kinds of mistakes found"

"""Somebody who does what a guide says, and compares what is printed with what it shows."""

import sys

import yaml

import guide

SHOWS = "--show" in sys.argv


class Reader:
    """In a place, at a shell; the answers are what is typed when a command that begins so asks."""

    def __init__(self, place, shell, answers=None):
        self.place, self.shell, self.answers = place, shell, answers or {}
        # The ids that the guide shows, and what they are here.
        self.ids = {}

    def follow(self, parts):
        typed, compared = 0, 0
        for part in parts:
            match part:
                case guide.File(name, text):
                    (self.place / name).write_text(text)
                    self.has_written(name)
                case guide.Excerpt(text):
                    self.has_made(yaml.safe_load(text))
                case guide.Command(text, shown):
                    typed, compared = typed + 1, compared + len(shown)
                    self.will_type(text)
                    self.types(part)
                    self.has_typed(text)
        return f"{typed} commands as they stand, {compared} lines as shown"

    def has_written(self, name):
        """What is changed in a file of the guide."""

    def will_type(self, command):
        """What is done before that is typed."""

    def has_typed(self, command):
        """What comes by itself once that was typed."""

    def has_made(self, excerpt):
        whole = yaml.safe_load((self.place / "watchfire.yaml").read_text())
        other = {key: whole.get(key) for key, said in excerpt.items() if whole.get(key) != said}
        assert not other, f"watchfire.yaml has other than the guide shows: {other}"

    def types(self, command):
        text = guide.replaced(command.text, self.ids)
        answers = next((lines for begins, lines in self.answers.items() if text.startswith(begins)), [])
        code, printed = self.shell.type(text, answers)
        if SHOWS:
            print(f"$ {text}\n{printed}", flush=True)
        assert code == 0, f"`{text}` ended with {code}:\n{printed[-4000:]}"
        unshown = guide.learn(command.shown, printed, self.ids)
        assert unshown is None, f"`{text}` did not print the line\n{unshown}\nbut\n{printed[-4000:]}"

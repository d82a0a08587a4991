"""A shell that somebody sits at."""

import subprocess
import threading

# Seconds that a command may take; terraform apply takes a minute.
LONGEST = 300


class Shell:
    """One `bash` for the whole guide: where it is and what it has exported stays."""

    def __init__(self, folder, environment):
        self.bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, env=environment, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.typed = 0

    def type(self, command, answers=()):
        """Its exit code and what it printed; the answers are what it reads, a line each."""
        self.typed += 1
        end = f"-- end of command {self.typed}: "
        # One group, read to its end before it begins, so that what follows is what the command reads.
        self.bash.stdin.write("{ %s\n} ; printf '\\n%%s%%s\\n' '%s' $?\n" % (command, end))
        self.bash.stdin.write("".join(f"{answer}\n" for answer in answers))
        printed = []
        watch = threading.Timer(LONGEST, self.bash.kill)
        watch.start()
        for line in self.bash.stdout:
            if line.startswith(end):
                watch.cancel()
                return int(line.removeprefix(end)), "".join(printed).rstrip("\n")
            printed.append(line)
        watch.cancel()
        raise AssertionError(f"the shell ended at `{command}`, or it took over {LONGEST} s:\n{''.join(printed)}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bash.stdin.close()
        self.bash.wait()

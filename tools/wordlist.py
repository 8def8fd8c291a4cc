"""wordlist - texts for the tables of C that a tools/gen-* script writes.

Each is kept once, all in one struct; a table has the place of a text in it, which is a number. Pointers would have to
be made right by the loader at every start of the program.
"""
import re


class Words:
    def __init__(self):
        self.names = {"": "w_"}      # text -> member of struct words; the empty one is at 0

    def add(self, text):
        """The member that holds `text`."""
        if text not in self.names:
            taken = set(self.names.values())
            wish = name = "w_" + re.sub(r"[^A-Za-z0-9]+", "_", text)
            n = 2
            while name in taken:
                name, n = "%s_%d" % (wish, n), n + 1
            self.names[text] = name
        return self.names[text]

    def at(self, text):
        """Its place."""
        return "AT(%s)" % self.add(text)

    def table(self):
        quoted = {t: '"%s"' % t.replace("\\", "\\\\").replace('"', '\\"') for t in self.names}
        return (["static const struct words {"] + ["\tchar %s[sizeof %s];" % (n, quoted[t]) for t, n in self.names.items()] +
                ["} words = {"] + ["\t%s," % quoted[t] for t in self.names] + ["};"])

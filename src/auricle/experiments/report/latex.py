r"""A table for a paper: LaTeX with the rules of the package ``booktabs``.

Conventions: the letters are UTF-8, which LaTeX reads since 2018. A cell of several lines becomes several rows, of which
the first names the row.
"""

import re

from auricle.experiments.report.document import Table

_SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "±": r"$\pm$",
    "−": "$-$",
    "→": r"$\rightarrow$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "·": r"$\cdot$",
    "–": "--",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "×": r"$\times$",
}
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))


def escaped(said: str) -> str:
    r"""Return text as it stands in LaTeX.

    Example:
        >>> escaped("100 % of R&D_1")
        '100 \\% of R\\&D\\_1'
    """
    return " ".join(_SIGN.sub(lambda sign: _SIGNS[sign[0]], said).split())


def latex(table: Table) -> str:
    """Return a table as a LaTeX float."""
    letters = {"number": "r" * len(table.header), "words": "r" * len(table.header), "prose": "l" * len(table.header)}
    alignment = "l" + letters[table.columns][1:]
    if table.columns == "words":
        alignment = alignment[:-1] + "l"
    return "\n".join(
        [
            "% \\usepackage{booktabs}",
            "\\begin{table}",
            "  \\centering",
            f"  \\caption{{{escaped(table.title)}}}",
            f"  \\label{{tab:{table.name}}}",
            f"  \\begin{{tabular}}{{{alignment}}}",
            "    \\toprule",
            *_lines(table.header),
            "    \\midrule",
            *(line for row in table.rows for line in _lines(row)),
            "    \\bottomrule",
            "  \\end{tabular}",
            "\\end{table}",
            "",
        ]
    )


def _lines(cells: tuple[str, ...]) -> list[str]:
    """Return a row, or as many as its longest cell has lines."""
    split = [cell.split("\n") for cell in cells]
    depth = max(map(len, split))
    rows = zip(*(lines + [""] * (depth - len(lines)) for lines in split), strict=True)
    # A row that begins with [ would be taken for the argument of the \\ before it.
    return [f"    {{}}{' & '.join(map(escaped, row))} \\\\" for row in rows]

"""One page and tables from a story: what came out of many runs, and how sure that is.

::

    analysis        a story in numbers: every arm by every measure, with intervals and p-values
    curves          which points lie on a curve
    examples        which queries are shown
    facts           what the runs were made of and with
    tables          numbers as tables; `wording` says how a number is said, `headline` what came out
    figures         pictures
    sounds          clips to listen to; `generators` what made the copies. These two look at folders
    sections        all of it as a document
    page, markdown, latex      how a document looks
    writing         `write_report`: the files
"""

from auricle.experiments.report.writing import write_report

__all__ = ["write_report"]

"""The words of English that hold a sentence together and name no sound, thing or quality.

Closed classes only: articles and other determiners, pronouns, prepositions and particles, conjunctions, auxiliaries,
and the adverbs that order events (``then``, ``again``). Spelt as `auricle.data.words` spells them.
"""

_WORDS = """
a an the this that these those some any each every all both several many more most much few other others another no
such own same one
i me my we us our you your he him his she her it its they them their themselves itself himself herself
someone somebody something anyone anything everyone everything who whom whose which what
of in on at by for from with without to into onto out off up down over under above below behind between among through
throughout across along around about against toward towards near during after before until upon within as than like
away
and or but nor so if while when where whereas because although though yet
is are was were be been being am has have had having do does did doing done can could may might will would shall
should must cannot doesnt dont isnt arent didnt wont cant not
then there here again also just very too
"""

FUNCTION_WORDS = frozenset(_WORDS.split())

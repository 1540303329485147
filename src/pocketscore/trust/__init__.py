"""How far a scorer can be trusted: what is measured beyond agreement, as functions of scores and groups."""

"""The guards of acts, by stage: what an authority may do only when the rule allows it (specification 2.1, 11.17)."""

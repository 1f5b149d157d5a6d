"""Read models: one file per question, one worker loop over all of them."""

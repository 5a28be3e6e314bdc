"""Why did it move: score, task and words, from the answers to the sentence."""

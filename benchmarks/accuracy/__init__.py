"""How often are the signals right? Scripted visits that write down what they do, and the analysis
of what two recorders made of them: ours, and plain rrweb as the foreign one."""

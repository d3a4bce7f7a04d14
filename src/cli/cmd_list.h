/* The commands, once: CLI_COMMAND(name, one-line help). Each is cli_command_NAME in cmd_NAME.c. */
CLI_COMMAND(info, "what is in a checkpoint, from the file alone")
CLI_COMMAND(check,
            "are gradient and curvature right, and does the file say the truth about its loss")
CLI_COMMAND(loss, "loss and accuracy, and nothing else")
CLI_COMMAND(spectrum, "eigenvalues of the Hessian with their error bars")
CLI_COMMAND(trace, "trace of the Hessian by random vectors, tensor by tensor")
CLI_COMMAND(blocks, "diagonal blocks of the Hessian by layer, and what couples them")
CLI_COMMAND(batches, "curvature of mini-batches, and batch sharpness")
CLI_COMMAND(slice, "the loss along one direction or over a plane of two")
CLI_COMMAND(sane, "SANE and the effective number of parameters")
CLI_COMMAND(sharpness, "one-step SAM and MSAM sharpness over signed radii")
CLI_COMMAND(track,
            "measures over the checkpoints of runs, with the method's own ceiling of stability")
CLI_COMMAND(compare, "methods against each other over seeds")
CLI_COMMAND(plot, "draw stored results as PDF, SVG or PNG")
CLI_COMMAND(verify, "recompute a stored result from its provenance and compare")
CLI_COMMAND(train, "train a small network by GD, SGD, NAG, SAM or MSAM and save checkpoints")

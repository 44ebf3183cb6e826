"""The parts of runnel_export: graph (the layer list under construction), tracing and functions (PyTorch), cells
(recurrent variants that PyTorch lacks), keras_layers (Keras), decoding (decoders and event stages), file, selftest."""

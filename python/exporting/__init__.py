"""The parts of runnel_export.

graph        the layer list under construction, and how it is written
values       what is known of a tensor: whose output it is, which axes are time and features
operations   what each operation on sequences means as layers; it lists the modules that say so
tracing      runs a torch module and sees every function that it calls; recurrent: its RNN, LSTM, GRU
modules      finds the layers of a torch module: layouts, heads, the fallback to its children
keras_layers finds the layers of a Keras model; it lists the modules that know them
found        what was found, with a way to run the original
decoding     decoders and event stages
cells        recurrent variants that PyTorch lacks
file         the bytes
selftest     what `runnel_export.py --selftest` runs
"""

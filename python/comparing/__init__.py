"""What the parity scripts share.

networks        random networks of PyTorch
keras_networks  random networks of Keras 3
trial           runs runnel on a model file, compares, counts and sums up
"""

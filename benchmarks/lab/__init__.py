"""The laboratory of depth: networks with and without shortcuts, trained on CIFAR-10 and compared; `make lab`."""

//! Files other programs read: safetensors model files.

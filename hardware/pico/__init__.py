"""What is Akida Pico's alone: its bank of states, how a network is put into it, its mapper."""

"""From a log of messages to a traffic scenario that resembles its pages: `calibrate`."""

"""The stations of the flow; they know no adapter, no terminal and no clock but the port."""

`timescale 1ns / 1ps
// The network as a chip's top: the core with the sizes and memories of one network. `network.vh` is
// written by the generator and stands beside the .hex files; everything else is the same for all.
module subspike_network (
    clk,
    reset,
    input_write,
    input_index,
    input_value,
    start,
    first,
    busy,
    done,
    neuron_valid,
    neuron_index,
    neuron_fires,
    neuron_state,
    read_index,
    read_state
);
    `include "network.vh"

    input wire clk;
    input wire reset;
    // inputs of the coming step, each before every start
    input wire input_write;
    input wire [COLUMN-1:0] input_index;
    input wire signed [VALUE-1:0] input_value;
    // one step
    input wire start;
    input wire first;
    output wire busy;
    output wire done;
    // every neuron as it lives its step
    output wire neuron_valid;
    output wire [NEURON_ADDRESS-1:0] neuron_index;
    output wire neuron_fires;
    output wire signed [STATE-1:0] neuron_state;
    // kept states, a clock after their index, while not busy
    input wire [STATE_ADDRESS-1:0] read_index;
    output wire signed [STATE-1:0] read_state;

    subspike_core #(
        .LANES(LANES),
        .BLOCKS(BLOCKS),
        .BLOCKS_HEAD(BLOCKS_HEAD),
        .BLOCK_ADDRESS(BLOCK_ADDRESS),
        .COLUMNS(COLUMNS),
        .COLUMNS_HEAD(COLUMNS_HEAD),
        .COLUMN_ADDRESS(COLUMN_ADDRESS),
        .LENGTH(LENGTH),
        .WEIGHTS(WEIGHTS),
        .WEIGHTS_HEAD(WEIGHTS_HEAD),
        .WEIGHT_ADDRESS(WEIGHT_ADDRESS),
        .COLUMN(COLUMN),
        .WEIGHT(WEIGHT),
        .VALUE(VALUE),
        .ADDS(ADDS),
        .SHIFT(SHIFT),
        .LANE_SUM(LANE_SUM),
        .COARSE(COARSE),
        .SUM(SUM),
        .ROWS(ROWS),
        .ROWS_HEAD(ROWS_HEAD),
        .ROW_ADDRESS(ROW_ADDRESS),
        .RUNGS(RUNGS),
        .RUNGS_HEAD(RUNGS_HEAD),
        .RUNG_ADDRESS(RUNG_ADDRESS),
        .MORE(MORE),
        .STATES(STATES),
        .STATE_ADDRESS(STATE_ADDRESS),
        .NEURON_ADDRESS(NEURON_ADDRESS),
        .FACTOR(FACTOR),
        .NARROW(NARROW),
        .STATE(STATE),
        .KEPT(KEPT),
        .CLAMPS(CLAMPS),
        .HIGH(HIGH)
    ) core (
        .clk(clk),
        .reset(reset),
        .input_write(input_write),
        .input_index(input_index),
        .input_value(input_value),
        .start(start),
        .first(first),
        .busy(busy),
        .done(done),
        .neuron_valid(neuron_valid),
        .neuron_index(neuron_index),
        .neuron_fires(neuron_fires),
        .neuron_state(neuron_state),
        .read_index(read_index),
        .read_state(read_state)
    );
endmodule

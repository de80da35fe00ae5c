`timescale 1ns / 1ps
// The core: lanes that add, neurons that live, and the values that go between them.
//
// A step: write every input while the core is not busy, pulse `start` (with `first` on the first
// step of a sequence), wait for `done`. Values lie in two banks that change roles at every start:
// the bank of this step, into which inputs and counts are written, and the bank of the step before.
module subspike_core #(
    parameter LANES = 1,
    parameter BLOCKS = 1,
    parameter BLOCKS_HEAD = 1,
    parameter BLOCK_ADDRESS = 1,
    parameter COLUMNS = 1,
    parameter COLUMNS_HEAD = 1,
    parameter COLUMN_ADDRESS = 1,
    parameter LENGTH = 1,
    parameter WEIGHTS = 1,
    parameter WEIGHTS_HEAD = 1,
    parameter WEIGHT_ADDRESS = 1,
    parameter COLUMN = 1,
    parameter WEIGHT = 2,
    parameter VALUE = 2,
    parameter ADDS = 0,
    parameter SHIFT = 0,
    parameter LANE_SUM = 4,
    parameter COARSE = 0,
    parameter SUM = 4,
    parameter ROWS = 1,
    parameter ROWS_HEAD = 1,
    parameter ROW_ADDRESS = 1,
    parameter RUNGS = 1,
    parameter RUNGS_HEAD = 1,
    parameter RUNG_ADDRESS = 1,
    parameter MORE = 1,
    parameter STATES = 1,
    parameter STATE_ADDRESS = 1,
    parameter NEURON_ADDRESS = 1,
    parameter FACTOR = 2,
    parameter NARROW = 2,
    parameter STATE = 8,
    parameter KEPT = 8,
    parameter CLAMPS = 0,
    parameter HIGH = 0
) (
    input wire clk,
    input wire reset,
    input wire input_write,
    input wire [COLUMN-1:0] input_index,
    input wire signed [VALUE-1:0] input_value,
    input wire start,
    input wire first,
    output reg busy,
    output wire done,
    output wire neuron_valid,
    output wire [NEURON_ADDRESS-1:0] neuron_index,
    output wire neuron_fires,
    output wire signed [STATE-1:0] neuron_state,
    input wire [STATE_ADDRESS-1:0] read_index,
    output wire signed [STATE-1:0] read_state
);
    localparam DEPTH = 2 ** (COLUMN + 1);

    reg bank, fresh;
    wire lanes_idle, neurons_idle;
    wire begins = start && !busy;
    assign done = busy && lanes_idle && neurons_idle;

    always @(posedge clk) begin
        if (reset) begin
            busy <= 0;
            bank <= 0;
            fresh <= 1;
        end else if (begins) begin
            busy <= 1;
            bank <= !bank;
            fresh <= first;
        end else if (done) busy <= 0;
    end

    wire value_read, value_old, target_read, told, full, taken;
    wire [COLUMN-1:0] value_column, target_column, told_column;
    wire signed [VALUE-1:0] value, target_value, told_value;
    wire [LANES*LANE_SUM-1:0] sums;

    wire writes = busy ? told : input_write;
    wire [COLUMN:0] write_address = busy ? {bank, told_column} : {!bank, input_index};
    wire [VALUE-1:0] write_value = busy ? told_value : input_value;

    // two copies, because lanes and neurons read at the same time; the second only where a count
    // is ever added to another
    subspike_ram #(
        .WIDTH(VALUE),
        .DEPTH(DEPTH),
        .ADDRESS(COLUMN + 1)
    ) values (
        .clk(clk),
        .read(value_read),
        .read_address({bank ^ value_old, value_column}),
        .read_word(value),
        .write(writes),
        .write_address(write_address),
        .write_word(write_value)
    );
    generate
        if (ADDS) begin : adding
            subspike_ram #(
                .WIDTH(VALUE),
                .DEPTH(DEPTH),
                .ADDRESS(COLUMN + 1)
            ) counts (
                .clk(clk),
                .read(target_read),
                .read_address({bank, target_column}),
                .read_word(target_value),
                .write(writes),
                .write_address(write_address),
                .write_word(write_value)
            );
        end else begin : telling
            assign target_value = {VALUE{1'b0}};
        end
    endgenerate

    subspike_lanes #(
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
        .SHIFT(SHIFT),
        .LANE_SUM(LANE_SUM)
    ) lanes (
        .clk(clk),
        .reset(reset),
        .start(begins),
        .first(fresh),
        .idle(lanes_idle),
        .value_read(value_read),
        .value_column(value_column),
        .value_old(value_old),
        .value(value),
        .neurons_idle(neurons_idle),
        .full(full),
        .taken(taken),
        .sums(sums)
    );

    subspike_neurons #(
        .LANES(LANES),
        .ROWS(ROWS),
        .ROWS_HEAD(ROWS_HEAD),
        .ROW_ADDRESS(ROW_ADDRESS),
        .RUNGS(RUNGS),
        .RUNGS_HEAD(RUNGS_HEAD),
        .RUNG_ADDRESS(RUNG_ADDRESS),
        .MORE(MORE),
        .COLUMN(COLUMN),
        .STATES(STATES),
        .STATE_ADDRESS(STATE_ADDRESS),
        .NEURON_ADDRESS(NEURON_ADDRESS),
        .VALUE(VALUE),
        .LANE_SUM(LANE_SUM),
        .COARSE(COARSE),
        .SUM(SUM),
        .FACTOR(FACTOR),
        .NARROW(NARROW),
        .STATE(STATE),
        .KEPT(KEPT),
        .CLAMPS(CLAMPS),
        .HIGH(HIGH)
    ) neurons (
        .clk(clk),
        .reset(reset),
        .start(begins),
        .first(fresh),
        .idle(neurons_idle),
        .full(full),
        .taken(taken),
        .sums(sums),
        .target_read(target_read),
        .target_column(target_column),
        .target_value(target_value),
        .told(told),
        .told_column(told_column),
        .told_value(told_value),
        .neuron_valid(neuron_valid),
        .neuron_index(neuron_index),
        .neuron_fires(neuron_fires),
        .neuron_state(neuron_state),
        .read_index(read_index),
        .read_state(read_state)
    );
endmodule

`timescale 1ns / 1ps
// The lanes: sum, side by side, the rows of a block: value times weight over the block's columns.
// At the end of a block the sums are handed to the neurons.
//
// Three memories say what to do. A block word: start (its first column word), more (columns - 1),
// waits (until all neurons before it have spoken). A column word: column (which value), shifted
// (it counts 2^SHIFT times), old (it is that of the step before); blocks with equal columns share
// them. A weight word: one signed weight a lane, lane 0 lowest, in the order of use.
//
// Stages: 0 addresses, 1 column and weights, 2 value, 3 products, 4 sums. Sums that nobody takes
// stop them all.
module subspike_lanes #(
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
    parameter SHIFT = 0,
    parameter LANE_SUM = 4
) (
    input wire clk,
    input wire reset,
    input wire start,
    input wire first,  // old values are 0
    output wire idle,
    output wire value_read,
    output wire [COLUMN-1:0] value_column,
    output wire value_old,
    input wire signed [VALUE-1:0] value,
    input wire neurons_idle,
    output reg full,  // the sums of a block are whole
    input wire taken,
    output wire [LANES*LANE_SUM-1:0] sums
);
    localparam WORD = LANES * WEIGHT;
    localparam WIDE = VALUE + SHIFT;
    localparam [BLOCK_ADDRESS:0] ALL = BLOCKS;

    wire [COLUMN_ADDRESS+LENGTH:0] block_word;
    wire [COLUMN+1:0] column_word;
    wire [WORD-1:0] weight_word;

    reg running, scans;
    reg [BLOCK_ADDRESS:0] block;
    reg [COLUMN_ADDRESS-1:0] column;
    reg [LENGTH-1:0] more;
    reg [WEIGHT_ADDRESS-1:0] weight;
    reg opens;
    reg valid1, valid2, valid3;
    reg opens1, opens2, opens3, closes1, closes2, closes3;
    reg shifted2, zero2;
    reg [WORD-1:0] weights2;

    wire moves = !(full && !taken);
    wire drained = !valid1 && !valid2 && !valid3 && !full && neurons_idle;
    wire waits = block_word[COLUMN_ADDRESS+LENGTH];

    assign idle = !running && !valid1 && !valid2 && !valid3 && !full;
    assign value_read = moves;
    assign value_column = column_word[COLUMN-1:0];
    assign value_old = column_word[COLUMN+1];

    subspike_rom #(
        .WIDTH(COLUMN_ADDRESS + LENGTH + 1),
        .DEPTH(BLOCKS),
        .HEAD(BLOCKS_HEAD),
        .ADDRESS(BLOCK_ADDRESS),
        .HEAD_FILE("blocks.hex"),
        .TAIL_FILE("blocks_tail.hex")
    ) blocks (
        .clk(clk),
        .enable(1'b1),
        .address(block[BLOCK_ADDRESS-1:0]),
        .word(block_word)
    );

    subspike_rom #(
        .WIDTH(COLUMN + 2),
        .DEPTH(COLUMNS),
        .HEAD(COLUMNS_HEAD),
        .ADDRESS(COLUMN_ADDRESS),
        .HEAD_FILE("columns.hex"),
        .TAIL_FILE("columns_tail.hex")
    ) columns (
        .clk(clk),
        .enable(moves),
        .address(column),
        .word(column_word)
    );

    subspike_rom #(
        .WIDTH(WORD),
        .DEPTH(WEIGHTS),
        .HEAD(WEIGHTS_HEAD),
        .ADDRESS(WEIGHT_ADDRESS),
        .HEAD_FILE("weights.hex"),
        .TAIL_FILE("weights_tail.hex")
    ) weights (
        .clk(clk),
        .enable(moves),
        .address(weight),
        .word(weight_word)
    );

    always @(posedge clk) begin
        if (reset || start) begin
            running <= start && !reset;
            scans <= 0;
            block <= 0;
            weight <= 0;
            {valid1, valid2, valid3} <= 0;
            full <= 0;
        end else if (moves) begin
            if (scans) begin
                column <= column + 1'b1;
                weight <= weight + 1'b1;
                more <= more - 1'b1;
                opens <= 0;
                if (more == 0) begin
                    scans <= 0;
                    running <= block != ALL;
                end
            end else if (running && !(waits && !drained) && settled) begin
                column <= block_word[COLUMN_ADDRESS-1:0];
                more <= block_word[COLUMN_ADDRESS+:LENGTH];
                block <= block + 1'b1;
                opens <= 1;
                scans <= 1;
            end
            {valid1, valid2, valid3} <= {scans, valid1, valid2};
            full <= valid3 && closes3;
        end
        if (moves) begin
            {opens1, opens2, opens3} <= {opens, opens1, opens2};
            {closes1, closes2, closes3} <= {more == 0, closes1, closes2};
            shifted2 <= column_word[COLUMN];
            zero2 <= value_old && first;
            weights2 <= weight_word;
        end
    end

    // the block word is that of `block` a clock after `start`
    reg settled;
    always @(posedge clk) settled <= !start;

    wire signed [VALUE-1:0] known = zero2 ? {VALUE{1'b0}} : value;
    wire signed [WIDE-1:0] wide = known;
    wire signed [WIDE-1:0] counted = shifted2 ? wide <<< SHIFT : wide;

    genvar lane;
    generate
        for (lane = 0; lane < LANES; lane = lane + 1) begin : each
            wire signed [WEIGHT-1:0] factor = weights2[lane*WEIGHT+:WEIGHT];
            reg signed [WIDE+WEIGHT-1:0] product;
            reg signed [LANE_SUM-1:0] sum;
            wire signed [LANE_SUM-1:0] earlier = opens3 ? {LANE_SUM{1'b0}} : sum;
            assign sums[lane*LANE_SUM+:LANE_SUM] = sum;
            always @(posedge clk) begin
                if (moves) begin
                    product <= counted * factor;
                    if (valid3) sum <= earlier + product;
                end
            end
        end
    endgenerate
endmodule

`timescale 1ns / 1ps
// The neurons: takes the sums of a block of rows and lets every neuron of every row live one step,
//
//   v := round(m s / 4096) + a sum + b     halves up, clamped to +-HIGH where CLAMPS
//   fires where v > threshold;  s := v
//   count := sum over the row's neurons of sign * fires
//
// s state, kept only where the row keeps; m the row's decay; sum the row's, its bias added;
// a, b, threshold and sign stand on a ladder, which rows with equal neurons share. The count
// becomes the value of the row's column, or is added to it.
//
// A row word, from the lowest bit: bias, decay, more (neurons - 1), ladder (its first rung), target
// (column), says (its count goes there), adds (to what stands there), unit (every a is 1 or -1),
// keeps, coarse (the lane's sum counts 2^COARSE times), empty. A rung: a, b, threshold, sign.
//
// One neuron a clock. Stages: 0 addresses, 1 rung and state, 2 products, 3 decayed and push,
// 4 v, 5 fires, 6 the count is told.
module subspike_neurons #(
    parameter LANES = 1,
    parameter ROWS = 1,
    parameter ROWS_HEAD = 1,
    parameter ROW_ADDRESS = 1,
    parameter RUNGS = 1,
    parameter RUNGS_HEAD = 1,
    parameter RUNG_ADDRESS = 1,
    parameter MORE = 1,
    parameter COLUMN = 1,
    parameter STATES = 1,
    parameter STATE_ADDRESS = 1,
    parameter NEURON_ADDRESS = 1,
    parameter VALUE = 2,
    parameter LANE_SUM = 4,
    parameter COARSE = 0,
    parameter SUM = 4,
    parameter FACTOR = 2,
    parameter NARROW = 2,
    parameter STATE = 8,
    parameter KEPT = 8,
    parameter CLAMPS = 0,
    parameter signed [STATE-1:0] HIGH = 0
) (
    input wire clk,
    input wire reset,
    input wire start,
    input wire first,  // states are 0
    output wire idle,
    input wire full,
    output wire taken,
    input wire [LANES*LANE_SUM-1:0] sums,
    // the column that a count is added to
    output wire target_read,
    output wire [COLUMN-1:0] target_column,
    input wire signed [VALUE-1:0] target_value,
    output wire told,
    output wire [COLUMN-1:0] told_column,
    output wire signed [VALUE-1:0] told_value,
    // every neuron as it lives its step
    output reg neuron_valid,
    output reg [NEURON_ADDRESS-1:0] neuron_index,
    output reg neuron_fires,
    output reg signed [STATE-1:0] neuron_state,
    // while nothing runs
    input wire [STATE_ADDRESS-1:0] read_index,
    output wire signed [STATE-1:0] read_state
);
    localparam ROW = SUM + 12 + MORE + RUNG_ADDRESS + COLUMN + 6;
    localparam RUNG = FACTOR + 2 * STATE + 2;
    localparam AT_DECAY = SUM;
    localparam AT_MORE = AT_DECAY + 12;
    localparam AT_LADDER = AT_MORE + MORE;
    localparam AT_TARGET = AT_LADDER + RUNG_ADDRESS;
    localparam AT_FLAGS = AT_TARGET + COLUMN;
    localparam LANE = LANES > 1 ? $clog2(LANES) : 1;
    localparam [LANE-1:0] LAST_LANE = LANES - 1;
    localparam WAITS = 2'd0, LOADS = 2'd1, LIVES = 2'd2;

    // rows, one after another
    reg [1:0] phase;
    reg [ROW_ADDRESS-1:0] row;
    reg [LANE-1:0] lane;
    reg [LANES*LANE_SUM-1:0] waiting;
    reg signed [SUM-1:0] sum;
    reg [11:0] decay;
    reg [MORE-1:0] more;
    reg [RUNG_ADDRESS-1:0] rung;
    reg [COLUMN-1:0] target;
    reg says, adds, unit, keeps, empty, opens;
    reg [STATE_ADDRESS-1:0] place;
    reg [NEURON_ADDRESS-1:0] index;

    wire [ROW-1:0] row_word;
    wire [RUNG-1:0] rung_word;
    wire signed [SUM-1:0] fine = $signed(waiting[LANE_SUM-1:0]);
    wire signed [SUM-1:0] lane_sum = row_word[AT_FLAGS+4] ? fine <<< COARSE : fine;
    wire signed [KEPT-1:0] kept;
    wire signed [STATE-1:0] widened = kept;
    wire issues = phase == LIVES && !empty;
    wire closes = phase == LIVES && more == 0;

    reg valid1, valid2, valid3, valid4, valid5, valid6;
    assign taken = full && phase == WAITS;
    assign idle = phase == WAITS && !valid1 && !valid2 && !valid3 && !valid4 && !valid5 && !valid6;

    subspike_rom #(
        .WIDTH(ROW),
        .DEPTH(ROWS),
        .HEAD(ROWS_HEAD),
        .ADDRESS(ROW_ADDRESS),
        .HEAD_FILE("rows.hex"),
        .TAIL_FILE("rows_tail.hex")
    ) rows (
        .clk(clk),
        .enable(1'b1),
        .address(row),
        .word(row_word)
    );

    subspike_rom #(
        .WIDTH(RUNG),
        .DEPTH(RUNGS),
        .HEAD(RUNGS_HEAD),
        .ADDRESS(RUNG_ADDRESS),
        .HEAD_FILE("rungs.hex"),
        .TAIL_FILE("rungs_tail.hex")
    ) rungs (
        .clk(clk),
        .enable(1'b1),
        .address(rung),
        .word(rung_word)
    );

    always @(posedge clk) begin
        if (reset || start) begin
            phase <= WAITS;
            row <= 0;
            place <= 0;
            index <= 0;
        end else begin
            case (phase)
                WAITS: begin
                    waiting <= sums;
                    lane <= 0;
                    if (full) phase <= LOADS;
                end
                LOADS: begin
                    sum <= lane_sum + $signed(row_word[SUM-1:0]);
                    waiting <= waiting >> LANE_SUM;
                    decay <= row_word[AT_DECAY+:12];
                    more <= row_word[AT_MORE+:MORE];
                    rung <= row_word[AT_LADDER+:RUNG_ADDRESS];
                    target <= row_word[AT_TARGET+:COLUMN];
                    {empty, keeps, unit, adds, says} <=
                        {row_word[AT_FLAGS+5], row_word[AT_FLAGS+:4]};
                    opens <= 1;
                    row <= row + 1'b1;
                    phase <= LIVES;
                end
                default: begin
                    opens <= 0;
                    rung <= rung + 1'b1;
                    more <= more - 1'b1;
                    if (issues) index <= index + 1'b1;
                    if (issues && keeps) place <= place + 1'b1;
                    if (closes) begin
                        lane <= lane + 1'b1;
                        phase <= lane == LAST_LANE ? WAITS : LOADS;
                    end
                end
            endcase
        end
    end

    // neurons, one a clock; what a stage hands on unchanged carries the number of the next
    reg opens1, opens2, opens3, opens4, opens5;
    reg closes1, closes2, closes3, closes4, closes5;
    reg keeps1, keeps2, keeps3, keeps4, keeps5;
    reg says1, says2, says3, says4, says5, says6;
    reg adds1, adds2, adds3, adds4, adds5, adds6;
    reg unit1;
    reg [11:0] decay1;
    reg signed [SUM-1:0] sum1;
    reg [COLUMN-1:0] target1, target2, target3, target4, target5, target6;
    reg [STATE_ADDRESS-1:0] place1, place2, place3, place4, place5;
    reg [NEURON_ADDRESS-1:0] index1, index2, index3, index4, index5;
    reg signed [1:0] sign2, sign3, sign4, sign5;
    reg signed [STATE-1:0] offset2, threshold2, threshold3, threshold4;

    wire signed [FACTOR-1:0] factor = rung_word[FACTOR-1:0];
    wire signed [STATE-1:0] state = keeps1 && !first ? widened : {STATE{1'b0}};
    wire signed [NARROW-1:0] narrow = sum1[NARROW-1:0];
    wire signed [SUM:0] signed_sum = factor[FACTOR-1] ? -sum1 : sum1;
    wire signed [FACTOR+NARROW-1:0] scaled = factor * narrow;

    // m s in two halves, each a product of six bits
    wire signed [6:0] low_half = {1'b0, decay1[5:0]};
    wire signed [6:0] high_half = {1'b0, decay1[11:6]};
    reg signed [STATE+6:0] low2, high2;
    reg signed [STATE-1:0] push2, push3;
    wire signed [STATE+12:0] low_wide = low2;
    wire signed [STATE+12:0] high_wide = high2;
    wire signed [STATE+12:0] product = low_wide + (high_wide <<< 6) + 2048;
    reg signed [STATE-1:0] decayed3;
    wire signed [STATE:0] reached = decayed3 + push3;
    wire over = CLAMPS && reached > HIGH;
    wire under = CLAMPS && reached < -HIGH;
    reg signed [STATE-1:0] state4, state5;
    reg fires5;
    reg signed [VALUE-1:0] count6;
    wire signed [VALUE-1:0] earlier = opens5 ? {VALUE{1'b0}} : count6;

    always @(posedge clk) begin
        if (reset || start) {valid1, valid2, valid3, valid4, valid5, valid6} <= 0;
        else begin
            valid1 <= issues;
            valid2 <= valid1;
            valid3 <= valid2;
            valid4 <= valid3;
            valid5 <= valid4;
            valid6 <= valid5;
        end
        {opens1, opens2, opens3, opens4, opens5} <= {opens, opens1, opens2, opens3, opens4};
        {closes1, closes2, closes3, closes4, closes5} <=
            {closes, closes1, closes2, closes3, closes4};
        {keeps1, keeps2, keeps3, keeps4, keeps5} <= {keeps, keeps1, keeps2, keeps3, keeps4};
        {says1, says2, says3, says4, says5} <= {says, says1, says2, says3, says4};
        {adds1, adds2, adds3, adds4, adds5, adds6} <= {adds, adds1, adds2, adds3, adds4, adds5};
        {target1, target2, target3, target4, target5, target6} <=
            {target, target1, target2, target3, target4, target5};
        {place1, place2, place3, place4, place5} <= {place, place1, place2, place3, place4};
        {index1, index2, index3, index4, index5} <= {index, index1, index2, index3, index4};
        {unit1, decay1, sum1} <= {unit, decay, sum};

        low2 <= low_half * state;
        high2 <= high_half * state;
        push2 <= unit1 ? signed_sum : scaled;
        offset2 <= rung_word[FACTOR+:STATE];
        threshold2 <= rung_word[FACTOR+STATE+:STATE];
        sign2 <= rung_word[FACTOR+2*STATE+:2];

        decayed3 <= product >>> 12;
        push3 <= push2 + offset2;
        {threshold3, threshold4} <= {threshold2, threshold3};
        {sign3, sign4, sign5} <= {sign2, sign3, sign4};

        state4 <= over ? HIGH : under ? -HIGH : reached[STATE-1:0];

        state5 <= state4;
        fires5 <= state4 > threshold4;

        if (valid5) count6 <= earlier + (fires5 ? sign5 : 2'sd0);
        says6 <= valid5 && closes5 && says5;

        neuron_valid <= valid5 && !(reset || start);
        neuron_index <= index5;
        neuron_fires <= fires5;
        neuron_state <= state5;
    end

    assign target_read = says5;
    assign target_column = target5;
    assign told = says6 && valid6;
    assign told_column = target6;
    assign told_value = count6 + (adds6 ? target_value : {VALUE{1'b0}});

    subspike_ram #(
        .WIDTH(KEPT),
        .DEPTH(STATES),
        .ADDRESS(STATE_ADDRESS)
    ) states (
        .clk(clk),
        .read(1'b1),
        .read_address(phase == LIVES ? place : read_index),
        .read_word(kept),
        .write(valid5 && keeps5),
        .write_address(place5),
        .write_word(state5[KEPT-1:0])
    );
    assign read_state = widened;
endmodule

// Runs samples through the network and compares every neuron of every step with golden vectors.
//
//   stimulus.hex   SAMPLES STEPS in its first line, then per step one line an input
//   expected.hex   per step one line a neuron in the order in which they live: {fires, state}
//   places.hex     which neuron every kept state belongs to
//
// +trace writes what was seen into trace.hex, in the form of expected.hex; +blind expects nothing.
// Ends with one line: PASS or FAIL, then neurons and states compared, spikes, the steps and
// their clocks.
`timescale 1ns / 1ps
module testbench;
    `include "network.vh"

    reg clk = 0;
    reg reset = 1;
    reg input_write = 0;
    reg [COLUMN-1:0] input_index = 0;
    reg signed [VALUE-1:0] input_value = 0;
    reg start = 0;
    reg first = 0;
    wire busy, done, neuron_valid, neuron_fires;
    wire [NEURON_ADDRESS-1:0] neuron_index;
    wire signed [STATE-1:0] neuron_state, read_state;
    reg [STATE_ADDRESS-1:0] read_index = 0;

    subspike_network network (
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

    always #5 clk = !clk;

    integer stimulus, expected, trace, got;
    integer samples, steps, sample, step, i, clocks, seen;
    integer total_clocks, least, most, compared, states, spikes, faults;
    reg blind, tracing;
    reg [VALUE-1:0] given;
    reg [STATE:0] wanted;
    reg [31:0] places[0:STATES-1];
    reg signed [STATE-1:0] latest[0:NEURONS-1];

    task fault;
        begin
            faults = faults + 1;
            if (faults <= 10)
                $display("differs: sample %0d, step %0d, neuron %0d", sample, step, seen);
        end
    endtask

    task live;
        begin
            if (neuron_index !== seen[NEURON_ADDRESS-1:0] || seen >= NEURONS) fault;
            else latest[neuron_index] = neuron_state;
            if (!blind) begin
                got = $fscanf(expected, "%h", wanted);
                compared = compared + 1;
                if (got != 1 || {neuron_fires, neuron_state} !== wanted) fault;
            end
            if (tracing) $fwrite(trace, "%h\n", {neuron_fires, neuron_state});
            if (neuron_fires === 1'b1) spikes = spikes + 1;
            seen = seen + 1;
        end
    endtask

    initial begin
        total_clocks = 0;
        least = 0;
        most = 0;
        compared = 0;
        states = 0;
        spikes = 0;
        faults = 0;
        blind = $test$plusargs("blind");
        tracing = $test$plusargs("trace");
        $readmemh("places.hex", places);
        stimulus = $fopen("stimulus.hex", "r");
        if (!blind) expected = $fopen("expected.hex", "r");
        if (tracing) trace = $fopen("trace.hex", "w");
        got = $fscanf(stimulus, "%d %d", samples, steps);
        repeat (4) @(negedge clk);
        reset = 0;
        for (sample = 0; sample < samples; sample = sample + 1) begin
            for (step = 0; step < steps; step = step + 1) begin
                input_write = 1;
                for (i = 0; i < INPUTS; i = i + 1) begin
                    got = $fscanf(stimulus, "%h", given);
                    if (got != 1) fault;
                    input_index = i;
                    input_value = given;
                    @(negedge clk);
                end
                input_write = 0;
                start = 1;
                first = step == 0;
                @(negedge clk);
                start = 0;
                clocks = 1;
                seen = 0;
                while (!done) begin
                    if (neuron_valid) live;
                    @(negedge clk);
                    clocks = clocks + 1;
                end
                if (neuron_valid) live;
                @(negedge clk);
                if (neuron_valid) live;
                if (seen != NEURONS || busy) fault;
                total_clocks = total_clocks + clocks;
                if (least == 0 || clocks < least) least = clocks;
                if (clocks > most) most = clocks;
            end
            for (i = 0; i < STATES; i = i + 1) begin
                read_index = i;
                @(negedge clk);
                states = states + 1;
                seen = places[i];
                if (KEEPS != 0 && read_state !== latest[seen]) fault;
            end
        end
        if (faults == 0) $display("PASS neurons %0d states %0d spikes %0d steps %0d clocks %0d least %0d most %0d",
            compared, states, spikes, samples * steps, total_clocks, least, most);
        else $display("FAIL %0d differences; neurons %0d states %0d spikes %0d steps %0d clocks %0d least %0d most %0d",
            faults, compared, states, spikes, samples * steps, total_clocks, least, most);
        if (tracing) $fclose(trace);
        $finish;
    end
endmodule

`timescale 1ns / 1ps
// Memories with one clock of latency, written so that tools put them into block RAM.

// Words that never change, read from a file of hexadecimal numbers.
module subspike_rom #(
    parameter WIDTH = 1,
    parameter DEPTH = 1,
    parameter ADDRESS = 1,
    parameter FILE = ""
) (
    input wire clk,
    input wire enable,
    input wire [ADDRESS-1:0] address,
    output reg [WIDTH-1:0] word
);
    reg [WIDTH-1:0] words[0:DEPTH-1];

    initial $readmemh(FILE, words);

    always @(posedge clk) if (enable) word <= words[address];
endmodule

// One port to read, one to write. Nobody here reads a word in the clock in which it is written,
// so tools need not add logic for that case.
module subspike_ram #(
    parameter WIDTH = 1,
    parameter DEPTH = 1,
    parameter ADDRESS = 1
) (
    input wire clk,
    input wire read,
    input wire [ADDRESS-1:0] read_address,
    output reg [WIDTH-1:0] read_word,
    input wire write,
    input wire [ADDRESS-1:0] write_address,
    input wire [WIDTH-1:0] write_word
);
    (* no_rw_check *) reg [WIDTH-1:0] words[0:DEPTH-1];

    always @(posedge clk) begin
        if (read) read_word <= words[read_address];
        if (write) words[write_address] <= write_word;
    end
endmodule

`timescale 1ns / 1ps
// Memories with one clock of latency, written so that tools put them into block RAM.

// Words that never change, read from files of hexadecimal numbers: the first HEAD of them in block
// RAM, the rest, if any, in logic. HEAD is a multiple of a power of two that is not less than the
// number of the rest, so that the low bits of an address find a word of it.
module subspike_rom #(
    parameter WIDTH = 1,
    parameter DEPTH = 1,
    parameter HEAD = 1,
    parameter ADDRESS = 1,
    parameter HEAD_FILE = "",
    parameter TAIL_FILE = ""
) (
    input wire clk,
    input wire enable,
    input wire [ADDRESS-1:0] address,
    output wire [WIDTH-1:0] word
);
    localparam REST = DEPTH - HEAD;
    localparam LOW = REST > 1 ? $clog2(REST) : 1;

    wire [WIDTH-1:0] head_word, tail_word;

    generate
        if (HEAD > 0) begin : head
            (* rom_style = "block", ram_style = "block" *) reg [WIDTH-1:0] words[0:HEAD-1];
            reg [WIDTH-1:0] read;
            initial $readmemh(HEAD_FILE, words);
            always @(posedge clk) if (enable) read <= words[address];
            assign head_word = read;
        end
        if (REST > 0) begin : tail
            (* rom_style = "logic", ram_style = "logic" *) reg [WIDTH-1:0] words[0:REST-1];
            reg [WIDTH-1:0] read;
            initial $readmemh(TAIL_FILE, words);
            always @(posedge clk) if (enable) read <= words[address[LOW-1:0]];
            assign tail_word = read;
        end
        if (HEAD > 0 && REST > 0) begin : both
            reg in_tail;
            always @(posedge clk) if (enable) in_tail <= address >= HEAD;
            assign word = in_tail ? tail_word : head_word;
        end else if (HEAD > 0) begin : whole
            assign word = head_word;
        end else begin : logic_only
            assign word = tail_word;
        end
    endgenerate
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
    (* no_rw_check, ram_style = "block" *) reg [WIDTH-1:0] words[0:DEPTH-1];

    always @(posedge clk) begin
        if (read) read_word <= words[read_address];
        if (write) words[write_address] <= write_word;
    end
endmodule

// Behaviour of the ECP5 block RAM, as far as Celosia uses it: technical note "ECP5 and ECP5-5G Memory Usage Guide"
// (FPGA-TN-02204). What yosys brings is an empty box. Either port reads and writes words of 1, 2, 4, 9 or 18 bits, or port
// A writes and port B reads words of 36, of which the data pins of port A carry the low half and those of port B the high
// one. A word that is read while it is written is undefined in silicon: here it comes out inverted, so that a design which
// uses it shows itself.
//
// Not modelled: output registers that stand still (OCEA, OCEB), the chip selects, the modes in which a port that writes shows what it
// writes or overwrites (WRITEMODE), and asynchronous reset. A memory that uses one of them does not build.
module DP16KD (
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2,
    DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2,
    DOA1, DOA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2,
    DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2,
    DOB1, DOB0
);
    parameter DATA_WIDTH_A = 18;
    parameter DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG";
    parameter REGMODE_B = "NOREG";
    parameter RESETMODE = "SYNC";
    parameter ASYNC_RESET_RELEASE = "SYNC";
    parameter CSDECODE_A = "0b000";
    parameter CSDECODE_B = "0b000";
    parameter WRITEMODE_A = "NORMAL";
    parameter WRITEMODE_B = "NORMAL";
    parameter CLKAMUX = "CLKA";
    parameter CLKBMUX = "CLKB";
    parameter GSR = "ENABLED";
    parameter [319:0] INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0;
    parameter [319:0] INITVAL_04 = 0, INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0;
    parameter [319:0] INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0, INITVAL_0B = 0;
    parameter [319:0] INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0, INITVAL_0F = 0;
    parameter [319:0] INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0;
    parameter [319:0] INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0;
    parameter [319:0] INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0;
    parameter [319:0] INITVAL_1C = 0, INITVAL_1D = 0, INITVAL_1E = 0, INITVAL_1F = 0;
    parameter [319:0] INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0, INITVAL_23 = 0;
    parameter [319:0] INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0;
    parameter [319:0] INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0;
    parameter [319:0] INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0;
    parameter [319:0] INITVAL_30 = 0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0;
    parameter [319:0] INITVAL_34 = 0, INITVAL_35 = 0, INITVAL_36 = 0, INITVAL_37 = 0;
    parameter [319:0] INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0;
    parameter [319:0] INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0;

    // Rows of 18 bits, each at the low end of 20.
    wire [20479:0] initial_rows = {INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39,
        INITVAL_38, INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
        INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27,
        INITVAL_26, INITVAL_25, INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E,
        INITVAL_1D, INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16, INITVAL_15,
        INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C,
        INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08, INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03,
        INITVAL_02, INITVAL_01, INITVAL_00};


    // A line is what the widest word takes. It lies in two rows of 18 bits, each at the low end of 20 initial bits.
    reg [35:0] memory [0:511];
    integer i;
    initial for (i = 0; i < 512; i = i + 1)
        memory[i] = {initial_rows[40 * i + 20 +: 18], initial_rows[40 * i +: 18]};

    function [5:0] first_bit(input integer width, input [4:0] address);
        case (width)
            36: first_bit = 0;
            18: first_bit = address[4] * 18;
            9: first_bit = address[4:3] * 9;
            4: first_bit = address[4:3] * 9 + address[2] * 4;
            2: first_bit = address[4:3] * 9 + address[2:1] * 2;
            default: first_bit = address[4:3] * 9 + address[2:0];
        endcase
    endfunction

    // The low bits of the address enable bytes of 9 bits where a word has more than one.
    function [35:0] written(input integer width, input [4:0] address);
        case (width)
            36: written = {{9{address[3]}}, {9{address[2]}}, {9{address[1]}}, {9{address[0]}}};
            18: written = {{9{address[1]}}, {9{address[0]}}};
            default: written = (36'd1 << width) - 1;
        endcase
    endfunction

    wire [13:0] address_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
    wire [13:0] address_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
    wire [17:0] data_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4,
        DIA3, DIA2, DIA1, DIA0};
    wire [17:0] data_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4,
        DIB3, DIB2, DIB1, DIB0};
    wire [35:0] word_a = DATA_WIDTH_A == 36 ? {data_b, data_a} : data_a;
    wire [35:0] word_b = data_b;

    wire [5:0] first_a = first_bit(DATA_WIDTH_A, address_a[4:0]);
    wire [5:0] first_b = first_bit(DATA_WIDTH_B, address_b[4:0]);
    wire [35:0] read_mask_a = ((37'd1 << DATA_WIDTH_A) - 1) << first_a;
    wire [35:0] read_mask_b = ((37'd1 << DATA_WIDTH_B) - 1) << first_b;
    wire [35:0] write_mask_a = CEA & WEA ? written(DATA_WIDTH_A, address_a[4:0]) << first_a : 0;
    wire [35:0] write_mask_b = CEB & WEB ? written(DATA_WIDTH_B, address_b[4:0]) << first_b : 0;
    wire same_line = address_a[13:5] == address_b[13:5];
    wire [35:0] line_a = memory[address_a[13:5]];
    wire [35:0] line_b = memory[address_b[13:5]];
    wire collision_a = same_line & |(read_mask_a & write_mask_b);
    wire collision_b = same_line & |(read_mask_b & write_mask_a);

    // Two ports that write the same line at once are not told apart by byte: Celosia has one port that writes.
    reg [35:0] read_a, read_b;
    always @(posedge CLKA) begin
        if (CEA & ~WEA) read_a <= (line_a ^ {36{collision_a}}) >> first_a;
        if (RESETMODE == "SYNC" && RSTA) read_a <= 0;
        if (CEA & WEA) memory[address_a[13:5]] <= line_a & ~write_mask_a | word_a << first_a & write_mask_a;
    end
    always @(posedge CLKB) begin
        if (CEB & ~WEB) read_b <= (line_b ^ {36{collision_b}}) >> first_b;
        if (RESETMODE == "SYNC" && RSTB) read_b <= 0;
        if (CEB & WEB) memory[address_b[13:5]] <= line_b & ~write_mask_b | word_b << first_b & write_mask_b;
    end

    // Output registers.
    reg [35:0] late_a, late_b;
    always @(posedge CLKA) late_a <= read_a;
    always @(posedge CLKB) late_b <= read_b;
    wire [35:0] out_a = REGMODE_A == "OUTREG" ? late_a : read_a;
    wire [35:0] out_b = REGMODE_B == "OUTREG" ? late_b : read_b;

    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2,
        DOA1, DOA0} = DATA_WIDTH_B == 36 ? out_b[17:0] : out_a[17:0];
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2,
        DOB1, DOB0} = DATA_WIDTH_B == 36 ? out_b[35:18] : out_b[17:0];

    generate
        if (DATA_WIDTH_B == 36 && REGMODE_A != REGMODE_B || WRITEMODE_A != "NORMAL" || WRITEMODE_B != "NORMAL"
                || CLKAMUX != "CLKA" || CLKBMUX != "CLKB")
            DP16KD_mode_is_not_modelled unknown();
    endgenerate
endmodule

/* The grammar. Actions only call builders (ast.c). Statements end in `;` or `}`; what follows an error is taken up again
 * behind the statement or, if the error is in a head, in its braces. The `;` between the parameters and the signals of a
 * template is a token of its own (SEPARATOR, token.c), so that recovery does not stop there. */
%define api.pure full
%define api.prefix {parser_}
%define api.location.type {Span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%parse-param {Front *front}
%lex-param {Front *front}

%code requires {
#include "front/internal.h"
}
%code provides {
int parser_lex(PARSER_STYPE *value, PARSER_LTYPE *at, Front *front);
}
%code {
#define YYLLOC_DEFAULT(Current, Rhs, N) \
    ((Current) = (N) ? span_join(YYRHSLOC(Rhs, 1), YYRHSLOC(Rhs, N)) \
                     : (Span){YYRHSLOC(Rhs, 0).file, YYRHSLOC(Rhs, 0).end, YYRHSLOC(Rhs, 0).end})
static void parser_error(const Span *at, Front *front, const char *message);
}
%initial-action { @$ = (Span){front->file, 0, 0}; }

%union {
    AstName name;
    AstNumber number;
    int power;
    AstExpr *expr;
    AstExprs exprs;
    AstNames names;
    AstRef ref;
    AstRefs refs;
    AstIndex index;
    AstIndices indices;
    AstDecl decl;
    AstDecls decls;
    AstInit init;
    AstArg arg;
    AstArgs args;
    AstParam param;
    AstParams params;
    AstMember member;
    AstMembers members;
    AstParts parts;
    AstSynapse synapse;
    AstStmt *stmt;
    AstStmts stmts;
    AstGroup group;
    AstRole role;
}

%token END_OF_FILE 0 "the end of the file"
%token <name> NAME "a name" STRING "a text in quotes" UNIT_NAME "a unit"
%token <number> NUMBER "a number"
%token <power> UNIT_POWER "a power of a unit"
%token UNIT_TIMES "* in a unit" UNIT_OVER "/ in a unit"
%token ARROW "->" DRIVE "<-" LESS_EQUAL "<=" GREATER_EQUAL ">=" EQUAL "==" UNEQUAL "!=" DOTS ".."
%token ';' ";" SEPARATOR "; and signals" ',' "," '.' "." ':' ":" '=' "=" '~' "~" '\'' "'"
%token '(' "(" ')' ")" '[' "[" ']' "]" '{' "{" '}' "}" '+' "+" '-' "-" '*' "*" '/' "/" '^' "^" '<' "<" '>' ">"
%token <name> USE "use" AXIS "axis" CONST "const" STIMULUS "stimulus" CYCLE "cycle" OVER "over" WEIGHT "weight"
%token <name> THALAMUS "thalamus" CORTEX "cortex" AREA "area" COLUMN "column" LAYER "layer" POPULATION "population"
%token <name> NUCLEUS "nucleus" INTERNEURON "interneuron" BIAS "bias" REPEAT "repeat" IN "in" WITH "with" NEXT "next"
%token <name> NEURON "neuron" SYNAPSE "synapse" TEMPLATE "template" SPEC "spec" OUTPUT "output" RECORD "record"
%token <name> CHECK "check" WITHIN "within" FOR "for" SOME "some" COMPARTMENT "compartment" PARAMETER "parameter"
%token <name> FUNCTION "function"
%token <name> STATE "state" RATE "rate" ITERATE "iterate" UNTIL "until" METHOD "method" NOISE "noise" ON "on" SPIKE "spike"
%token <name> LOCAL "local" RULE "rule" LEARN "learn" ONLINE "online" BY "by" GRADIENT "gradient" LOSS "loss" DENSE "dense" FROM "from" WHERE "where"
%token <name> VIA "via" DELAY "delay" SPARSE "sparse" AS "as" LAST "last" AND "and" SUM "sum" MEAN "mean" MAX "max" MIN "min"

%type <name> name label reducer chooser string opt_some opt_loss opt_online
%type <names> names path axes
%type <expr> expr unit unit_expr opt_where opt_value opt_unit source opt_within opt_until function_value
%type <exprs> exprs sources signals
%type <ref> ref
%type <refs> refs
%type <index> index
%type <indices> indices
%type <decl> decl opt_group_name
%type <decls> decls
%type <init> init opt_init
%type <arg> arg
%type <args> args opt_args opt_list
%type <param> param
%type <params> params opt_params
%type <member> member typed compartment
%type <members> members compartments
%type <parts> parts
%type <synapse> opt_weight
%type <stmts> statements body parts_body neuron_parts bindings binding_body statement part parameters states
%type <stmt> one_statement one_part binding instance rule
%type <group> group
%type <role> role

%left AND
%nonassoc '<' '>' LESS_EQUAL GREATER_EQUAL EQUAL UNEQUAL
%left '+' '-'
%precedence REDUCTION /* sum(i) binds one product */
%left '*' '/'
%precedence SIGN
%right '^'
%precedence CALL /* max(a, b) - c: a difference, not max over a and b of -c */

%%
file: statements { front->ast->body = $1; }
    ;
statements
    : %empty { $$ = (AstStmts){0}; }
    | statements statement { $$ = $1; for (int i = 0; i < $2.count; i++) ast_push(front, &$$, $2.at[i]); }
    ;
statement
    : one_statement { $$ = (AstStmts){0}; ast_push(front, &$$, $1); }
    | error ';' { $$ = (AstStmts){0}; yyerrok; }
    | error '{' { front->skip_block = true; } '}' { $$ = (AstStmts){0}; yyerrok; }
    | group error body { $$ = (AstStmts){0}; }
    | group error ';' { $$ = (AstStmts){0}; yyerrok; }
    | TEMPLATE error body { $$ = (AstStmts){0}; }
    | REPEAT error body { $$ = (AstStmts){0}; }
    | SPEC error parts_body { $$ = (AstStmts){0}; }
    | NEURON error parts_body { $$ = (AstStmts){0}; }
    | SYNAPSE error parts_body { $$ = (AstStmts){0}; }
    ;
body: '{' statements '}' { $$ = $2; }
    ;
end : ';'
    | error ';' { yyerrok; }
    | error /* nothing to skip: a forgotten `;` */
    ;

one_statement
    : USE path end { $$ = ast_stmt(front, STMT_USE, @$); $$->path = $2; }
    | AXIS name '=' expr end { $$ = ast_named(front, STMT_AXIS, $2, $4, @$); }
    | AXIS name LESS_EQUAL expr end { $$ = ast_named(front, STMT_AXIS, $2, $4, @$); $$->relation = RELATION_AT_MOST; }
    | CONST decl '=' expr end { $$ = ast_named(front, STMT_CONST, $2.name, $4, @$); $$->decl = $2; }
    | STIMULUS decls opt_unit end { $$ = ast_stmt(front, STMT_STIMULUS, @$); $$->decls = ast_decls_unit($2, $3); }
    | CYCLE name OVER ref end { $$ = ast_named(front, STMT_CYCLE, $2, ast_ref_expr(front, $4), @$); }
    | WEIGHT decls opt_unit opt_init end
        { $$ = ast_stmt(front, STMT_WEIGHT, @$); $$->decls = ast_decls_unit($2, $3); $$->init = $4; }
    | group opt_group_name body
        { $$ = ast_block(front, STMT_GROUP, $2.name, $3, @3, @$); $$->group = $1; $$->decl = $2; }
    | role members end { $$ = ast_stmt(front, STMT_POPULATION, @$); $$->role = $1; $$->members = $2; }
    | sources ARROW ref opt_weight parts end { $$ = ast_projection(front, $1, $3, ast_synapse($4, $5, @4), @$); }
    | BIAS decl opt_init ARROW ref end
        { $$ = ast_stmt(front, STMT_BIAS, @$); $$->decl = $2; $$->init = $3; $$->target = $5; }
    | instance { $$ = $1; $$->group = GROUP_NONE; }
    | group instance { $$ = $2; $$->group = $1; $$->span = @$; }
    | REPEAT name IN expr DOTS expr body
        { $$ = ast_block(front, STMT_REPEAT, $2, $7, @7, @$); $$->expr = $4; $$->expr2 = $6; }
    | REPEAT name IN expr DOTS expr WITH name '=' source body
        {
            $$ = ast_block(front, STMT_REPEAT, $2, $11, @11, @$);
            $$->expr = $4;
            $$->expr2 = $6;
            $$->carried.name = $8;
            $$->carried.value = $10;
        }
    | NEXT name '=' source end { $$ = ast_named(front, STMT_NEXT, $2, $4, @$); }
    | NEURON name opt_params parts_body { $$ = ast_block(front, STMT_NEURON, $2, $4, @4, @$); $$->params = $3; }
    | SYNAPSE name opt_params parts_body
        { $$ = ast_block(front, STMT_SYNAPSE, $2, ast_synapse_body(front, $4), @4, @$); $$->params = $3; }
    | TEMPLATE name '(' params SEPARATOR decls ')' ARROW decls body
        {
            $$ = ast_block(front, STMT_TEMPLATE, $2, $10, @10, @$);
            $$->params = $4;
            $$->decls = $6;
            $$->results = $9;
        }
    | TEMPLATE name '(' params ')' ARROW decls body
        { $$ = ast_block(front, STMT_TEMPLATE, $2, $8, @8, @$); $$->params = $4; $$->results = $7; }
    | SPEC name '(' decls ')' ARROW decls parts_body
        { $$ = ast_block(front, STMT_SPEC, $2, $8, @8, @$); $$->decls = $4; $$->results = $7; }
    | OUTPUT decl '=' expr end { $$ = ast_named(front, STMT_OUTPUT, $2.name, $4, @$); $$->decl = $2; }
    | RECORD refs end { $$ = ast_stmt(front, STMT_RECORD, @$); $$->refs = $2; }
    | CHECK expr opt_some opt_within end { $$ = ast_check(front, (AstName){0}, $2, @$); $$->factor = $3; $$->tolerance = $4; }
    | CHECK label ':' expr opt_some opt_within end
        { $$ = ast_check(front, $2, $4, @$); $$->factor = $5; $$->tolerance = $6; }
    | LOSS name '=' expr end { $$ = ast_named(front, STMT_LOSS, $2, $4, @$); }
    | rule { $$ = $1; }
    | LOCAL rule { $$ = $2; $$->local = true; $$->span = @$; }
    | LEARN refs opt_online BY RULE name RATE expr end { $$ = ast_learn(front, $2, $3, $6, (AstName){0}, @$); $$->expr = $8; }
    | LEARN refs opt_online BY RULE name WITH name opt_args end
        { $$ = ast_learn(front, $2, $3, $6, (AstName){0}, @$); $$->optimiser = $8; $$->axis_args = $9; }
    | LEARN refs opt_online BY GRADIENT opt_loss WITH name opt_args end
        { $$ = ast_learn(front, $2, $3, (AstName){0}, $6, @$); $$->optimiser = $8; $$->axis_args = $9; }
    ;
rule: RULE name ON ref '=' expr end { $$ = ast_named(front, STMT_RULE, $2, $6, @$); $$->target = $4; }
    | RULE name ON ref parts_body { $$ = ast_block(front, STMT_RULE, $2, $5, @5, @$); $$->target = $4; }
    ;
opt_online /* the cycle over which a weight changes while the circuit runs */
    : %empty { $$ = (AstName){0}; }
    | ONLINE OVER name { $$ = $3; }
    ;
opt_loss /* the loss whose gradient it is; the only one there is */
    : %empty { $$ = (AstName){0}; }
    | '(' name ')' { $$ = $2; }
    ;
group
    : THALAMUS { $$ = GROUP_THALAMUS; }
    | CORTEX { $$ = GROUP_CORTEX; }
    | AREA { $$ = GROUP_AREA; }
    | COLUMN { $$ = GROUP_COLUMN; }
    | LAYER { $$ = GROUP_LAYER; }
    ;
opt_group_name
    : %empty { $$ = (AstDecl){.span = @$}; }
    | decl
    | axes { $$ = ast_decl((AstName){0}, $1, true, @$); }
    ;
role: POPULATION { $$ = ROLE_POPULATION; }
    | NUCLEUS { $$ = ROLE_NUCLEUS; }
    | INTERNEURON { $$ = ROLE_INTERNEURON; }
    ;
members
    : member { $$ = (AstMembers){0}; ast_push(front, &$$, $1); }
    | members ',' member { $$ = $1; ast_push(front, &$$, $3); }
    ;
member
    : typed
    | typed DRIVE ref { $$ = ast_member_drive(front, $1, $3); }
    | typed ITERATE expr opt_until { $$ = ast_member_iterate($1, $3, $4); }
    | typed DRIVE ref ITERATE expr opt_until { $$ = ast_member_iterate(ast_member_drive(front, $1, $3), $5, $6); }
    ;
typed
    : decl { $$ = ast_member($1, (AstName){0}, (AstArgs){0}); }
    | decl ':' name opt_args { $$ = ast_member($1, $3, $4); }
    ;
opt_until
    : %empty { $$ = NULL; }
    | UNTIL expr { $$ = $2; }
    ;

instance
    : name '=' name '(' opt_list ')' end { $$ = ast_instance(front, $1, $3, $5, (AstExprs){0}, @$); }
    | name '=' name '(' opt_list SEPARATOR signals ')' end { $$ = ast_instance(front, $1, $3, $5, $7, @$); }
    | name '=' name '(' opt_list SEPARATOR signals ')' binding_body
        { $$ = ast_instance(front, $1, $3, $5, $7, @$); $$->body = $9; $$->braces = @9; }
    ;
binding_body: '{' bindings '}' { $$ = $2; }
    ;
bindings
    : %empty { $$ = (AstStmts){0}; }
    | bindings binding { $$ = $1; ast_push(front, &$$, $2); }
    | bindings error ';' { $$ = $1; yyerrok; }
    ;
binding
    : name init end { $$ = ast_named(front, STMT_BIND, $1, NULL, @$); $$->init = $2; }
    | CONST name end
        { $$ = ast_named(front, STMT_BIND, $2, NULL, @$); $$->init = ast_init(INIT_FREEZE, NULL, (AstName){0}, @1); }
    ;

sources
    : source { $$ = (AstExprs){0}; ast_push(front, &$$, $1); }
    | sources ',' source { $$ = $1; ast_push(front, &$$, $3); }
    ;
source
    : ref { $$ = ast_ref_expr(front, $1); }
    | name '(' exprs ')' { $$ = ast_call(front, $1, $3, @$); }
    ;
signals
    : %empty { $$ = (AstExprs){0}; }
    | sources
    ;
opt_weight
    : %empty { $$ = (AstSynapse){.span = @$}; }
    | ':' DENSE decl opt_init { $$ = (AstSynapse){.dense = true, .weight = $3, .init = $4, .span = @$}; }
    | ':' expr opt_init { $$ = ast_weight_expr(front, $2, $3, @$); }
    ;
parts
    : %empty { $$ = (AstParts){0}; }
    | parts BIAS decl opt_init
        { $$ = ast_part(front, $1, PART_BIAS, @2); $$.synapse.bias = $3; $$.synapse.bias_init = $4; }
    | parts WHERE expr { $$ = ast_part(front, $1, PART_WHERE, @2); $$.synapse.guard = $3; }
    | parts DELAY expr { $$ = ast_part(front, $1, PART_DELAY, @2); $$.synapse.delay = $3; }
    | parts DELAY '~' expr
        { $$ = ast_part(front, $1, PART_DELAY, @2); $$.synapse.delay = $4; $$.synapse.delay_drawn = true; }
    | parts VIA name opt_args
        { $$ = ast_part(front, $1, PART_VIA, @2); $$.synapse.model = $3; $$.synapse.model_args = $4; }
    | parts SPARSE '(' opt_list ')'
        {
            $$ = ast_part(front, $1, PART_SPARSE, @2);
            $$.synapse.sparse = ast_call_args(front, $2, $4, span_join(@2, @5));
            $$.synapse.sparse_args = $4;
        }
    | parts SPARSE '(' FROM string ')'
        {
            $$ = ast_part(front, $1, PART_SPARSE, @2);
            $$.synapse.sparse = ast_call_args(front, $2, (AstArgs){0}, span_join(@2, @6));
            $$.synapse.sparse_file = $5;
        }
    ;
opt_init
    : %empty { $$ = (AstInit){.kind = INIT_NONE, .span = @$}; }
    | init
    ;
init: '~' expr { $$ = ast_init(INIT_DRAW, $2, (AstName){0}, @$); }
    | FROM string { $$ = ast_init(INIT_FILE, NULL, $2, @$); }
    | '=' ref { $$ = ast_init(INIT_TIE, ast_ref_expr(front, $2), (AstName){0}, @$); }
    ;
string: STRING
    ;

parts_body: '{' neuron_parts '}' { $$ = $2; }
    ;
neuron_parts
    : %empty { $$ = (AstStmts){0}; }
    | neuron_parts part { $$ = $1; for (int i = 0; i < $2.count; i++) ast_push(front, &$$, $2.at[i]); }
    ;
part: one_part { $$ = (AstStmts){0}; ast_push(front, &$$, $1); }
    | PARAMETER parameters end { $$ = $2; }
    | STATE states end { $$ = $2; }
    | error ';' { $$ = (AstStmts){0}; yyerrok; }
    ;
one_part
    : COMPARTMENT compartments end { $$ = ast_stmt(front, STMT_COMPARTMENT, @$); $$->members = $2; }
    | RATE name opt_unit opt_value end { $$ = ast_named(front, STMT_RATE, $2, $4, @$); $$->decl.unit = $3; }
    | ITERATE expr opt_until end { $$ = ast_stmt(front, STMT_ITERATE, @$); $$->expr = $2; $$->expr2 = $3; }
    | METHOD name end { $$ = ast_named(front, STMT_METHOD, $2, NULL, @$); }
    | NOISE names end { $$ = ast_stmt(front, STMT_NOISE, @$); $$->path = $2; }
    | ON SPIKE parts_body { $$ = ast_stmt(front, STMT_ON_SPIKE, @$); $$->body = $3; $$->braces = @3; }
    | OUTPUT expr end { $$ = ast_stmt(front, STMT_OUTPUT, @$); $$->expr = $2; }
    | expr '=' expr end { $$ = ast_equation(front, $1, $3, @$); }
    ;
parameters
    : name '=' expr { $$ = (AstStmts){0}; ast_push(front, &$$, ast_named(front, STMT_PARAMETER, $1, $3, @$)); }
    | parameters ',' name '=' expr
        { $$ = $1; ast_push(front, &$$, ast_named(front, STMT_PARAMETER, $3, $5, span_join(@3, @5))); }
    ;
states
    : name opt_value { $$ = (AstStmts){0}; ast_push(front, &$$, ast_named(front, STMT_STATE, $1, $2, @$)); }
    | states ',' name opt_value
        { $$ = $1; ast_push(front, &$$, ast_named(front, STMT_STATE, $3, $4, span_join(@3, @4))); }
    ;
compartments
    : compartment { $$ = (AstMembers){0}; ast_push(front, &$$, $1); }
    | compartments ',' compartment { $$ = $1; ast_push(front, &$$, $3); }
    ;
compartment
    : name opt_unit opt_value
        { $$ = ast_compartment($1, $2, $3, @1); }
    ;
opt_value
    : %empty { $$ = NULL; }
    | '=' expr { $$ = $2; }
    ;
opt_unit
    : %empty { $$ = NULL; }
    | ':' expr { $$ = $2; }
    ;
opt_some /* the factor that the sides may differ by */
    : %empty { $$ = (AstName){0}; }
    | FOR SOME name { $$ = $3; }
    ;
opt_within
    : %empty { $$ = NULL; }
    | WITHIN expr { $$ = $2; }
    ;

opt_params
    : %empty { $$ = (AstParams){0}; }
    | '(' params ')' { $$ = $2; }
    ;
params
    : %empty { $$ = (AstParams){0}; }
    | param { $$ = (AstParams){0}; ast_push(front, &$$, $1); }
    | params ',' param { $$ = $1; ast_push(front, &$$, $3); }
    ;
param
    : AXIS name { $$ = ast_param(PARAM_AXIS, $2, NULL); }
    | name opt_value { $$ = ast_param(PARAM_VALUE, $1, $2); }
    | FUNCTION name function_value { $$ = ast_param(PARAM_FUNCTION, $2, $3); }
    ;
function_value
    : %empty { $$ = NULL; }
    | '=' name { $$ = ast_name_expr(front, $2); }
    ;

decls
    : decl { $$ = (AstDecls){0}; ast_push(front, &$$, $1); }
    | decls ',' decl { $$ = $1; ast_push(front, &$$, $3); }
    ;
decl: name { $$ = ast_decl($1, (AstNames){0}, false, @$); }
    | name axes { $$ = ast_decl($1, $2, true, @$); }
    ;
axes: '[' names ']' { $$ = $2; }
    ;
names
    : name { $$ = (AstNames){0}; ast_push(front, &$$, $1); }
    | names ',' name { $$ = $1; ast_push(front, &$$, $3); }
    ;
path: label { $$ = (AstNames){0}; ast_push(front, &$$, $1); }
    | path '.' label { $$ = $1; ast_push(front, &$$, $3); }
    ;

opt_args
    : %empty { $$ = (AstArgs){0}; }
    | '(' opt_list ')' { $$ = $2; }
    ;
opt_list
    : %empty { $$ = (AstArgs){0}; }
    | args
    ;
args: arg { $$ = (AstArgs){0}; ast_push(front, &$$, $1); }
    | args ',' arg { $$ = $1; ast_push(front, &$$, $3); }
    ;
arg : expr { $$ = ast_arg((AstName){0}, $1); }
    | name '=' expr { $$ = ast_arg($1, $3); }
    ;

refs: ref { $$ = (AstRefs){0}; ast_push(front, &$$, $1); }
    | refs ',' ref { $$ = $1; ast_push(front, &$$, $3); }
    ;
ref : name { $$ = ast_ref(front, $1, @$); }
    | name '[' indices ']' { $$ = ast_ref_index(ast_ref(front, $1, @$), $3, @$); }
    | ref '.' name { $$ = ast_ref_step(front, $1, $3, @$); }
    | ref '.' name '[' indices ']' { $$ = ast_ref_index(ast_ref_step(front, $1, $3, @$), $5, @$); }
    ;
indices
    : index { $$ = (AstIndices){0}; ast_push(front, &$$, $1); }
    | indices ',' index { $$ = $1; ast_push(front, &$$, $3); }
    ;
index
    : expr { $$ = ast_index($1, @$); }
    | name AS name { $$ = ast_index_as($1, $3, @$); }
    | name '=' LAST { $$ = ast_index_last($1, @$); }
    | name '=' expr { $$ = ast_index_at($1, $3, @$); }
    ;

exprs
    : expr { $$ = (AstExprs){0}; ast_push(front, &$$, $1); }
    | exprs ',' expr { $$ = $1; ast_push(front, &$$, $3); }
    ;
expr: NUMBER { $$ = ast_number(front, $1, NULL, @$); }
    | NUMBER unit { $$ = ast_number(front, $1, $2, @$); }
    | STRING { $$ = ast_text(front, $1.name, @$); }
    | ref { $$ = ast_ref_expr(front, $1); }
    | ref '\'' { $$ = ast_derivative(front, $1, @$); }
    | name '(' ')' { $$ = ast_call(front, $1, (AstExprs){0}, @$); }
    | name '(' exprs ')' { $$ = ast_call(front, $1, $3, @$); }
    | '(' expr ')' { $$ = ast_bracketed($2, @$); }
    | '-' expr %prec SIGN { $$ = ast_unary(front, $2, @$); }
    | expr '+' expr { $$ = ast_binary(front, OP_ADD, $1, $3, @$); }
    | expr '-' expr { $$ = ast_binary(front, OP_SUB, $1, $3, @$); }
    | expr '*' expr { $$ = ast_binary(front, OP_MUL, $1, $3, @$); }
    | expr '/' expr { $$ = ast_binary(front, OP_DIV, $1, $3, @$); }
    | expr '^' expr { $$ = ast_binary(front, OP_POW, $1, $3, @$); }
    | expr '<' expr { $$ = ast_binary(front, OP_LT, $1, $3, @$); }
    | expr LESS_EQUAL expr { $$ = ast_binary(front, OP_LE, $1, $3, @$); }
    | expr '>' expr { $$ = ast_binary(front, OP_GT, $1, $3, @$); }
    | expr GREATER_EQUAL expr { $$ = ast_binary(front, OP_GE, $1, $3, @$); }
    | expr EQUAL expr { $$ = ast_binary(front, OP_EQ, $1, $3, @$); }
    | expr UNEQUAL expr { $$ = ast_binary(front, OP_NE, $1, $3, @$); }
    | expr AND expr { $$ = ast_binary(front, OP_AND, $1, $3, @$); }
    | reducer '(' exprs opt_where ')' expr %prec REDUCTION { $$ = ast_reduce(front, $1, $3, $4, $6, @$); }
    | chooser { $$ = ast_name_expr(front, $1); }
    | chooser '(' exprs ')' %prec CALL { $$ = ast_call(front, $1, $3, @$); }
    | chooser '(' exprs ')' expr %prec REDUCTION { $$ = ast_reduce(front, $1, $3, NULL, $5, @$); }
    | chooser '(' exprs WHERE expr ')' expr %prec REDUCTION { $$ = ast_reduce(front, $1, $3, $5, $7, @$); }
    ;
opt_where
    : %empty { $$ = NULL; }
    | WHERE expr { $$ = $2; }
    ;
reducer: SUM | MEAN
    ;
chooser: MAX | MIN /* of the two arguments, or over axes if something to reduce follows the brackets */
    ;
unit: unit_expr
    | unit UNIT_TIMES unit_expr { $$ = ast_binary(front, OP_MUL, $1, $3, @$); }
    | unit UNIT_OVER unit_expr { $$ = ast_binary(front, OP_DIV, $1, $3, @$); }
    ;
unit_expr
    : UNIT_NAME { $$ = ast_name_expr(front, $1); }
    | UNIT_NAME UNIT_POWER { $$ = ast_unit_power(front, ast_name_expr(front, $1), $2, @$); }
    ;
label /* of a check, part of a module's path: nothing else can stand there */
    : name | USE | AXIS | CONST | STIMULUS | CYCLE | WEIGHT | THALAMUS | CORTEX | AREA | COLUMN | LAYER | POPULATION
    | NUCLEUS | INTERNEURON | BIAS | REPEAT | WITH | NEXT | NEURON | SYNAPSE | TEMPLATE | SPEC | OUTPUT | RECORD | CHECK
    | WITHIN | FOR | COMPARTMENT | PARAMETER | FUNCTION | ITERATE | UNTIL | NOISE | DENSE | FROM | WHERE | VIA | DELAY | SPARSE | AS
    | LAST | AND | SUM | MEAN | MAX | MIN
    ;
name: NAME | OVER | IN | SOME | STATE | RATE | METHOD | ON | SPIKE | LOCAL | RULE | LEARN | ONLINE | BY | GRADIENT | LOSS
    ;
%%
/* Bison calls this only when its stack is full. */
static void parser_error(const Span *at, Front *front, const char *message) {
    (void)message;
    front_stop(front, *at, "this statement is nested too deeply", MOST_DEPTH);
}

static int yyreport_syntax_error(const yypcontext_t *where, Front *front) {
    enum { MOST = YYNTOKENS };
    yysymbol_kind_t kinds[MOST];
    const char *expected[MOST];
    int count = yypcontext_expected_tokens(where, kinds, MOST);
    for (int i = 0; i < count; i++) expected[i] = yysymbol_name(kinds[i]);
    yysymbol_kind_t found = yypcontext_token(where);
    if (count < 0) count = 0;
    front_unexpected(front, *yypcontext_location(where), expected, count, yysymbol_name(found));
    return 0;
}

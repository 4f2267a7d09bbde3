package io.plinth.kvcache.lua.code;

import io.plinth.kvcache.lua.Values;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Owned by one parse: Lua 5.1's grammar by recursive descent, straight to nodes, with Lua's own messages. */
final class Parser extends Grammar {
    private final String chunk;

    Parser(String text, String chunk) {
        super(new Lexer(text, chunk));
        this.chunk = chunk;
    }

    Prototype chunk() throws SyntaxError {
        lexer.next();
        Stat body = block();
        if (lexer.token() != Token.EOF) {
            throw expected("<eof>");
        }
        return new Prototype(chunk, body, new Local[0], true, null, scope.slots(), scope.captures(), scope.weight());
    }

    private boolean blockEnds() {
        return switch (lexer.token()) {
            case ELSE, ELSEIF, END, EOF, UNTIL -> true;
            default -> false;
        };
    }

    private Stat block() throws SyntaxError {
        int mark = scope.mark();
        Stat body = statements();
        scope.release(mark);
        return body;
    }

    private Stat statements() throws SyntaxError {
        List<Stat> stats = new ArrayList<>();
        boolean last = false;
        enter();
        while (!last && !blockEnds()) {
            last = lexer.token() == Token.RETURN || lexer.token() == Token.BREAK;
            stats.add(statement());
            accept(';');
        }
        leave();
        return stats.size() == 1 ? stats.getFirst() : new Statements.Block(stats.toArray(Stat[]::new));
    }

    private Stat statement() throws SyntaxError {
        int line = lexer.line();
        return switch (lexer.token()) {
            case IF -> ifStatement(line);
            case WHILE -> {
                lexer.next();
                Expr condition = expression();
                expect(Token.DO);
                Stat body = loopBody();
                close(Token.END, Token.WHILE, line);
                yield new Loops.While(condition, body);
            }
            case DO -> {
                lexer.next();
                Stat body = block();
                close(Token.END, Token.DO, line);
                yield body;
            }
            case FOR -> forStatement(line);
            case REPEAT -> repeatStatement(line);
            case FUNCTION -> functionStatement(line);
            case LOCAL -> {
                lexer.next();
                yield accept(Token.FUNCTION) ? localFunction() : localStatement();
            }
            case RETURN -> returnStatement();
            case BREAK -> {
                lexer.next();
                if (!scope.inLoop()) {
                    throw lexer.error("no loop to break");
                }
                yield new Statements.Break();
            }
            default -> expressionStatement();
        };
    }

    private Stat loopBody() throws SyntaxError {
        scope.loop(1);
        Stat body = block();
        scope.loop(-1);
        return body;
    }

    private Stat ifStatement(int line) throws SyntaxError {
        List<Expr> conditions = new ArrayList<>();
        List<Stat> branches = new ArrayList<>();
        do {
            lexer.next();
            conditions.add(expression());
            expect(Token.THEN);
            branches.add(block());
        } while (lexer.token() == Token.ELSEIF);
        if (accept(Token.ELSE)) {
            branches.add(block());
        }
        close(Token.END, Token.IF, line);
        return new Statements.If(conditions.toArray(Expr[]::new), branches.toArray(Stat[]::new));
    }

    private Stat repeatStatement(int line) throws SyntaxError {
        lexer.next();
        int mark = scope.mark();
        scope.loop(1);
        Stat body = statements();
        scope.loop(-1);
        close(Token.UNTIL, Token.REPEAT, line);
        Expr condition = expression();
        scope.release(mark);
        return new Loops.Repeat(body, condition);
    }

    private Stat forStatement(int line) throws SyntaxError {
        lexer.next();
        String first = name();
        Stat loop;
        if (lexer.is('=')) {
            loop = numericFor(first, line);
        } else if (lexer.is(',') || lexer.token() == Token.IN) {
            loop = genericFor(first, line);
        } else {
            throw lexer.error("'=' or 'in' expected");
        }
        close(Token.END, Token.FOR, line);
        return loop;
    }

    private Stat numericFor(String name, int line) throws SyntaxError {
        lexer.next();
        Expr from = expression();
        expect(',');
        Expr to = expression();
        Expr by = accept(',') ? expression() : null;
        expect(Token.DO);
        int mark = scope.mark();
        Local variable = scope.create(name, 0, lexer);
        scope.show(variable);
        Stat body = loopBody();
        scope.release(mark);
        return new Loops.NumericFor(variable, from, to, by, body, line);
    }

    private Stat genericFor(String first, int line) throws SyntaxError {
        List<Local> variables = new ArrayList<>();
        variables.add(scope.create(first, 0, lexer));
        while (accept(',')) {
            variables.add(scope.create(name(), variables.size(), lexer));
        }
        expect(Token.IN);
        int called = lexer.line();
        Expr[] values = expressions();
        expect(Token.DO);
        int mark = scope.mark();
        variables.forEach(scope::show);
        Stat body = loopBody();
        scope.release(mark);
        return new Loops.GenericFor(variables.toArray(Local[]::new), values, body, called == 0 ? line : called);
    }

    private Stat functionStatement(int line) throws SyntaxError {
        lexer.next();
        Access.Target target = variable(name());
        boolean method = false;
        while (lexer.is('.') || lexer.is(':')) {
            method = lexer.is(':');
            lexer.next();
            target = new Access.Field(target, name(), line);
            if (method) {
                break;
            }
        }
        return new Statements.Assign(target, function(method, line));
    }

    private Stat localFunction() throws SyntaxError {
        Local local = scope.create(name(), 0, lexer);
        scope.show(local);
        return new Statements.LocalFunction(local, function(false, lexer.line()));
    }

    private Stat localStatement() throws SyntaxError {
        List<Local> locals = new ArrayList<>();
        do {
            locals.add(scope.create(name(), locals.size(), lexer));
        } while (accept(','));
        Expr[] values = accept('=') ? expressions() : new Expr[0];
        locals.forEach(scope::show);
        return new Statements.LocalDeclaration(locals.toArray(Local[]::new), values);
    }

    private Stat returnStatement() throws SyntaxError {
        lexer.next();
        if (blockEnds() || lexer.is(';')) {
            return new Statements.Return(new Expr[0]);
        }
        Expr[] values = expressions();
        return values.length == 1 && values[0] instanceof Calls.AnyCall call
                ? new Calls.TailCall(call)
                : new Statements.Return(values);
    }

    private Stat expressionStatement() throws SyntaxError {
        Expr first = suffixed();
        if (first instanceof Calls.AnyCall call) {
            return new Calls.CallStatement(call);
        }
        List<Access.Target> targets = new ArrayList<>();
        targets.add(target(first));
        while (accept(',')) {
            targets.add(target(suffixed()));
        }
        expect('=');
        Expr[] values = expressions();
        return targets.size() == 1 && values.length == 1
                ? new Statements.Assign(targets.getFirst(), values[0])
                : new Statements.AssignSeveral(targets.toArray(Access.Target[]::new), values);
    }

    private Access.Target target(Expr expr) throws SyntaxError {
        if (expr instanceof Access.Target target) {
            return target;
        }
        throw lexer.error("syntax error");
    }

    private Expr[] expressions() throws SyntaxError {
        List<Expr> list = new ArrayList<>();
        do {
            list.add(expression());
        } while (accept(','));
        return list.toArray(Expr[]::new);
    }

    private Access.Target variable(String name) throws SyntaxError {
        Access.Target found = scope.find(name, lexer);
        return found == null ? new Access.Global(name, lexer.lastLine()) : found;
    }

    private Expr primary() throws SyntaxError {
        if (lexer.is('(')) {
            int line = lexer.line();
            lexer.next();
            Expr inner = expression();
            close(')', '(', line);
            return new Literals.Single(inner);
        }
        if (lexer.token() == Token.NAME) {
            return variable(name());
        }
        throw lexer.error("unexpected symbol");
    }

    private Expr suffixed() throws SyntaxError {
        Expr expr = primary();
        while (true) {
            if (lexer.is('.')) {
                lexer.next();
                expr = new Access.Field(expr, name(), lexer.lastLine());
            } else if (lexer.is('[')) {
                lexer.next();
                Expr key = expression();
                expect(']');
                expr = key instanceof Literals.Constant constant && constant.value instanceof String text
                        ? new Access.Field(expr, text, lexer.lastLine())
                        : new Access.Index(expr, key, lexer.lastLine());
            } else if (lexer.is(':')) {
                lexer.next();
                String method = name();
                int line = lexer.line();
                expr = new Calls.MethodCall(expr, method, arguments(), line);
            } else if (lexer.is('(') || lexer.is('{') || lexer.token() == Token.STRING) {
                int line = lexer.line();
                expr = new Calls.Call(expr, arguments(), line);
            } else {
                return expr;
            }
        }
    }

    private Expr[] arguments() throws SyntaxError {
        if (lexer.token() == Token.STRING) {
            Expr text = new Literals.Constant(lexer.word());
            lexer.next();
            return new Expr[] {text};
        }
        if (lexer.is('{')) {
            return new Expr[] {table()};
        }
        if (!lexer.is('(')) {
            throw lexer.error("function arguments expected");
        }
        int line = lexer.line();
        if (line != lexer.lastLine()) {
            throw lexer.error("ambiguous syntax (function call x new statement)");
        }
        lexer.next();
        Expr[] values = lexer.is(')') ? new Expr[0] : expressions();
        close(')', '(', line);
        return values;
    }

    private Expr function(boolean method, int line) throws SyntaxError {
        Scope outer = scope;
        List<Local> parameters = new ArrayList<>();
        List<String> names = new ArrayList<>();
        expect('(');
        boolean vararg = false;
        if (method) {
            names.add("self");
        }
        if (!lexer.is(')')) {
            do {
                if (lexer.token() == Token.DOTS) {
                    lexer.next();
                    vararg = true;
                    break;
                }
                if (lexer.token() != Token.NAME) {
                    throw lexer.error("<name> or '...' expected");
                }
                names.add(name());
            } while (accept(','));
        }
        scope = new Scope(outer, vararg, line);
        for (String name : names) {
            Local parameter = scope.create(name, 0, lexer);
            scope.show(parameter);
            parameters.add(parameter);
        }
        Local arg = null;
        if (vararg) {
            arg = scope.create("arg", 0, lexer);
            scope.show(arg);
        }
        expect(')');
        Stat body = statements();
        int end = line;
        close(Token.END, Token.FUNCTION, end);
        // A function that says ... does not get the table arg of Lua 5.0.
        boolean needsArg = vararg && !scope.usesDots;
        Prototype code = new Prototype(
                chunk,
                body,
                parameters.toArray(Local[]::new),
                vararg,
                needsArg ? arg : null,
                scope.slots(),
                scope.captures(),
                scope.weight());
        scope = outer;
        return new Literals.FunctionBody(code);
    }

    private Expr table() throws SyntaxError {
        int line = lexer.line();
        List<@Nullable Expr> keys = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        expect('{');
        while (!lexer.is('}')) {
            if (lexer.is('[')) {
                lexer.next();
                keys.add(expression());
                expect(']');
                expect('=');
            } else if (lexer.token() == Token.NAME && assigns()) {
                keys.add(new Literals.Constant(name()));
                expect('=');
            } else {
                keys.add(null);
            }
            values.add(expression());
            if (!accept(',') && !accept(';')) {
                break;
            }
        }
        close('}', '{', line);
        return new Literals.TableBody(keys.toArray(new Expr[0]), values.toArray(Expr[]::new), lexer.lastLine());
    }

    private boolean assigns() throws SyntaxError {
        return lexer.peek() == Token.SIGN && lexer.peeksAt('=');
    }

    private Expr simple() throws SyntaxError {
        Expr value;
        switch (lexer.token()) {
            case NUMBER ->
                value = new Literals.Constant(
                        lexer.number() == (int) lexer.number() && 1 / lexer.number() > 0
                                ? Values.number((int) lexer.number())
                                : (Double) lexer.number());
            case STRING -> value = new Literals.Constant(lexer.word());
            case NIL -> value = new Literals.Constant(null);
            case TRUE -> value = new Literals.Constant(true);
            case FALSE -> value = new Literals.Constant(false);
            case DOTS -> {
                if (!scope.vararg) {
                    throw lexer.error("cannot use '...' outside a vararg function");
                }
                scope.usesDots = true;
                value = new Literals.Varargs();
            }
            case FUNCTION -> {
                lexer.next();
                return function(false, lexer.line());
            }
            default -> {
                return lexer.is('{') ? table() : suffixed();
            }
        }
        lexer.next();
        return value;
    }

    private Expr expression() throws SyntaxError {
        return expression(0);
    }

    private Expr expression(int limit) throws SyntaxError {
        enter();
        Expr expr = unary();
        int priority = left();
        while (priority > limit) {
            Token operator = lexer.token();
            char sign = operator == Token.SIGN ? lexer.sign() : ' ';
            lexer.next();
            int right = operator == Token.CONCAT ? 4 : sign == '^' ? 9 : priority;
            Expr second = expression(right);
            expr = binary(operator, sign, expr, second);
            priority = left();
        }
        leave();
        return expr;
    }

    private Expr unary() throws SyntaxError {
        if (lexer.token() == Token.NOT) {
            lexer.next();
            return new Operators.Not(expression(Grammar.UNARY));
        }
        if (lexer.is('-')) {
            lexer.next();
            Expr operand = expression(Grammar.UNARY);
            if (operand instanceof Literals.Constant constant && constant.value instanceof Double number) {
                return new Literals.Constant(-number);
            }
            return new Operators.Minus(operand, lexer.lastLine());
        }
        if (lexer.is('#')) {
            lexer.next();
            return new Operators.Length(expression(Grammar.UNARY), lexer.lastLine());
        }
        return simple();
    }

    private Expr binary(Token operator, char sign, Expr left, Expr right) {
        int line = lexer.lastLine();
        return switch (operator) {
            case OR -> new Operators.Or(left, right);
            case AND -> new Operators.And(left, right);
            case EQ -> new Operators.Equal(left, right, true, line);
            case NE -> new Operators.Equal(left, right, false, line);
            case LE -> new Operators.LessOrEqual(left, right, false, line);
            case GE -> new Operators.LessOrEqual(left, right, true, line);
            case CONCAT -> {
                if (right instanceof Operators.Concat more) {
                    Expr[] operands = new Expr[more.operands().length + 1];
                    operands[0] = left;
                    System.arraycopy(more.operands(), 0, operands, 1, operands.length - 1);
                    yield new Operators.Concat(operands, line);
                }
                yield new Operators.Concat(new Expr[] {left, right}, line);
            }
            default ->
                switch (sign) {
                    case '<' -> new Operators.Less(left, right, false, line);
                    case '>' -> new Operators.Less(left, right, true, line);
                    default -> Operators.arithmetic(sign, left, right, line);
                };
        };
    }
}

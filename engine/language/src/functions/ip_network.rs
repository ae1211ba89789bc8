//! Functions on blocks of IP addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

use dashu_int::IBig;
use terrane_model::{Number, Value};

use super::ip_block::Block;
use super::number::whole;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const STRING: Returns = Returns::Always(ParameterType::String);
const PREFIX: Parameter = Parameter::string("prefix");
const NEW_BITS: Parameter = Parameter::number("newbits");

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "cidrcontains",
        &[Parameter::string("containing_prefix"), Parameter::string("contained_ip_or_prefix")],
        Returns::Always(ParameterType::Bool),
        cidrcontains,
        "Tells whether an address or block lies within a block.",
    ),
    Function::new(
        "cidrhost",
        &[PREFIX, Parameter::number("hostnum")],
        STRING,
        cidrhost,
        "Returns an address of a block by its number, counted from the end where negative.",
    ),
    Function::new("cidrnetmask", &[PREFIX], STRING, cidrnetmask, "Returns the netmask of an IPv4 block."),
    Function::new(
        "cidrsubnet",
        &[PREFIX, NEW_BITS, Parameter::number("netnum")],
        STRING,
        cidrsubnet,
        "Returns a block within a block by the bits that it is smaller and its number.",
    ),
    Function::new(
        "cidrsubnets",
        &[PREFIX],
        Returns::Always(ParameterType::LIST_OF_STRING),
        cidrsubnets,
        "Returns blocks within a block, one behind the other.",
    )
    .variadic(NEW_BITS),
];

fn block(arguments: &Arguments<'_>) -> Result<Block, FunctionError> {
    let text = arguments.text(0);
    let invalid = || FunctionError::new(format!("invalid CIDR expression: invalid CIDR address: {text}"));
    Block::parse(text).ok_or_else(invalid)
}

/// Returns a whole number of any size.
fn big_whole(number: &Number) -> Result<IBig, FunctionError> {
    number.to_big_int().ok_or_else(|| FunctionError::new("value must be a whole number"))
}

fn cidrhost(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let number = big_whole(arguments.number(1))?;
    let block = block(arguments)?;
    let largest = (IBig::ONE << usize::from(block.bits - block.prefix)) - IBig::ONE;
    let (distance, number) = if number < IBig::ZERO {
        let from_end = -number - IBig::ONE;
        (from_end.clone(), largest.clone() - from_end)
    } else {
        (number.clone(), number)
    };
    if distance > largest {
        let prefix = block.prefix;
        let message = format!("prefix of {prefix} does not accommodate a host numbered {number}");
        return Err(FunctionError::new(message));
    }
    let offset = u128::try_from(&number).unwrap_or_default();
    // Terraform counts hosts of IPv4 addresses in IPv6 form at the place where IPv4 ends.
    let shift = if block.is_mapped() { 96 } else { 0 };
    let address = block.address | offset << shift;
    Ok(Value::string(Block { address, ..block }.address_text()))
}

fn cidrnetmask(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let block = block(arguments)?;
    if block.bits != 32 && !block.is_mapped() {
        let text = arguments.text(0);
        return Err(FunctionError::new(format!("IPv6 addresses cannot have a netmask: {text}")));
    }
    Ok(Value::string(Block { address: block.mask(), ..block }.address_text()))
}

fn cidrsubnet(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let new_bits = whole(arguments.number(1)).map_err(FunctionError::new)?;
    let number = big_whole(arguments.number(2))?;
    let block = block(arguments)?;
    let prefix = i64::from(block.prefix).saturating_add(new_bits);
    if prefix > i64::from(block.bits) {
        let parent = block.prefix;
        return Err(FunctionError::new(format!(
            "insufficient address space to extend prefix of {parent} by {new_bits}"
        )));
    }
    let prefix = u8::try_from(prefix)
        .map_err(|_| FunctionError::new(format!("a prefix cannot be shortened to {prefix} bits")))?;
    let fits = match usize::try_from(new_bits) {
        Ok(bits) => number >= IBig::ZERO && number < IBig::ONE << bits,
        Err(_) => number == IBig::ZERO,
    };
    if !fits {
        return Err(FunctionError::new(format!(
            "prefix extension of {new_bits} does not accommodate a subnet numbered {number}"
        )));
    }
    let offset = u128::try_from(&number).unwrap_or_default();
    let offset = offset.checked_shl(u32::from(block.bits - prefix)).unwrap_or_default();
    let subnet = Block { address: block.address | offset, bits: block.bits, prefix };
    Ok(Value::string(subnet.to_string()))
}

fn cidrsubnets(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let block = block(arguments).map_err(|error| FunctionError { argument: Some(0), ..error })?;
    let mut subnets = Vec::new();
    // Where the last block ended; nothing in front of the first one.
    let mut last: Option<Block> = None;
    for (index, new_bits) in arguments.values.iter().enumerate().skip(1) {
        let blame = |message: String| FunctionError::argument(index, message);
        let new_bits = whole(new_bits.as_number().unwrap_or(&Number::ZERO)).map_err(blame)?;
        if new_bits < 1 {
            return Err(blame("must extend prefix by at least one bit".to_owned()));
        }
        if new_bits > 32 {
            return Err(blame("may not extend prefix by more than 32 bits".to_owned()));
        }
        let prefix = i64::from(block.prefix).saturating_add(new_bits);
        let too_long = || {
            let family = if block.bits == 32 { "IPv4" } else { "IPv6" };
            blame(format!("would extend prefix to {prefix} bits, which is too long for an {family} address"))
        };
        let length = u8::try_from(prefix).ok().filter(|prefix| *prefix <= block.bits).ok_or_else(too_long)?;
        let next = match &last {
            None => Some(Block { prefix: length, ..block }),
            Some(last) => last.next(length).filter(|next| block.contains(next.address)),
        };
        let no_space = || {
            let before = last.map_or_else(|| block.to_string(), |last| last.to_string());
            blame(format!(
                "not enough remaining address space for a subnet with a prefix of {length} bits after {before}"
            ))
        };
        let next = next.ok_or_else(no_space)?;
        subnets.push(next.to_string());
        last = Some(next);
    }
    Ok(Value::list_of_strings(subnets))
}

fn cidrcontains(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (prefix, inner) = (arguments.text(0), arguments.text(1));
    let block =
        Block::parse(prefix).ok_or_else(|| FunctionError::new(format!("invalid CIDR address: {prefix}")))?;
    let inner_block = Block::parse_address(inner).or_else(|| Block::parse(inner));
    let inner_block =
        inner_block.ok_or_else(|| FunctionError::new(format!("invalid IP address or prefix: {inner}")))?;
    if inner_block.bits != block.bits {
        return Err(FunctionError::new(format!("address family mismatch: {prefix} vs. {inner}")));
    }
    let is_within = block.contains(inner_block.address) && block.contains(inner_block.last_address());
    Ok(is_within.into())
}

/// Shows an address of so many bits.
pub(super) fn address_text(address: u128, bits: u8) -> String {
    if bits == 32 {
        return Ipv4Addr::from(address as u32).to_string();
    }
    let address = Ipv6Addr::from(address);
    match address.to_ipv4_mapped() {
        Some(address) => address.to_string(),
        None => address.to_string(),
    }
}

//! Questions about all resources that must not cost a walk over all resources.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::ops::Bound;

use serde_json::Value;

use super::Resource;
use crate::body::{list_at, text_at};
use crate::cidr::Cidr;
use crate::resource_id::{Key, key_of, parent_key};
use crate::table::{CATALOG, ResourceType, Scope, TypeIndex, Unique};

/// Derived from the resources alone, so nothing of it is stored.
#[derive(Debug, Default)]
pub(crate) struct Indexes {
    by_type: HashMap<TypeIndex, BTreeSet<Key>>,
    /// Target of a reference to the resources that hold it.
    referrers: HashMap<Key, BTreeSet<Key>>,
    /// Globally unique names, lower-case, per type.
    names: HashMap<(TypeIndex, String), Key>,
    /// Addresses in use per subnet, with the resource that uses them.
    addresses: HashMap<Key, HashMap<IpAddr, Key>>,
    /// Principals of managed identities, lower-case, with the resource that has them.
    principals: HashMap<String, Key>,
    /// Address prefixes of the subnets per virtual network.
    prefixes: HashMap<Key, Vec<(Key, Cidr)>>,
}

impl Indexes {
    pub(super) fn add(&mut self, key: &Key, resource: &Resource) {
        self.by_type.entry(resource.kind).or_default().insert(key.clone());
        for target in references(&resource.body) {
            if target != *key {
                self.referrers.entry(target).or_default().insert(key.clone());
            }
        }
        let resource_type = CATALOG.get(resource.kind);
        if resource_type.unique == Unique::Global {
            self.names.insert((resource.kind, resource.name().to_ascii_lowercase()), key.clone());
        }
        for principal in principals(resource_type, &resource.body) {
            self.principals.insert(principal, key.clone());
        }
        for (subnet, address) in claimed_addresses(&resource.body) {
            self.addresses.entry(subnet).or_default().insert(address, key.clone());
        }
        if is_subnet(key)
            && let Some(network) = parent_key(key)
        {
            let prefixes = subnet_prefixes(&resource.body()).into_iter().map(|prefix| (key.clone(), prefix));
            self.prefixes.entry(network.into()).or_default().extend(prefixes);
        }
    }

    pub(super) fn remove(&mut self, key: &Key, resource: &Resource) {
        if let Some(keys) = self.by_type.get_mut(&resource.kind) {
            keys.remove(key);
        }
        for target in references(&resource.body) {
            if let Some(keys) = self.referrers.get_mut(&target) {
                keys.remove(key);
                if keys.is_empty() {
                    self.referrers.remove(&target);
                }
            }
        }
        self.names.remove(&(resource.kind, resource.name().to_ascii_lowercase()));
        for principal in principals(CATALOG.get(resource.kind), &resource.body) {
            self.principals.remove(&principal);
        }
        for (subnet, address) in claimed_addresses(&resource.body) {
            if let Some(addresses) = self.addresses.get_mut(&subnet) {
                addresses.remove(&address);
            }
        }
        if is_subnet(key)
            && let Some(prefixes) = parent_key(key).and_then(|network| self.prefixes.get_mut(network))
        {
            prefixes.retain(|(owner, _)| owner != key);
        }
    }

    pub(super) fn of_type(&self, kind: TypeIndex) -> impl Iterator<Item = &Key> + '_ {
        self.by_type.get(&kind).into_iter().flatten()
    }

    pub(super) fn of_type_below(
        &self,
        kind: TypeIndex,
        above: &str,
        after: &str,
    ) -> impl Iterator<Item = &Key> + use<'_> {
        let end: Key = format!("{above}0").into();
        let start = if after.is_empty() { format!("{above}/") } else { after.to_owned() };
        // A token that does not belong to this list would make an inverted range, which panics.
        let start: Key = if *start > *end { end.clone() } else { start.into() };
        let keys = self.by_type.get(&kind);
        keys.into_iter()
            .flat_map(move |keys| keys.range((Bound::Excluded(start.clone()), Bound::Excluded(end.clone()))))
    }

    pub(super) fn referrers(&self, key: &str) -> impl Iterator<Item = &Key> + '_ {
        self.referrers.get(key).into_iter().flatten()
    }

    /// Returns the owner of a globally unique name.
    pub(crate) fn owner_of_name(&self, kind: TypeIndex, name: &str) -> Option<&Key> {
        self.names.get(&(kind, name.to_ascii_lowercase()))
    }

    /// Returns who uses an address of a subnet.
    pub(crate) fn owner_of_address(&self, subnet: &str, address: IpAddr) -> Option<&Key> {
        self.addresses.get(subnet)?.get(&address)
    }

    /// Returns the resource whose managed identity has an object id.
    pub(crate) fn owner_of_principal(&self, principal: &str) -> Option<&Key> {
        self.principals.get(&principal.to_ascii_lowercase())
    }

    /// Returns how many addresses of a subnet are in use.
    pub(crate) fn addresses_in_use(&self, subnet: &str) -> usize {
        self.addresses.get(subnet).map_or(0, HashMap::len)
    }

    /// Returns the prefixes of a virtual network's subnets, each with its subnet.
    pub(crate) fn subnet_prefixes(&self, network: &str) -> &[(Key, Cidr)] {
        self.prefixes.get(network).map_or(&[], Vec::as_slice)
    }
}

/// Returns the keys of all resource ids in a body's text, map keys included.
fn references(body: &str) -> Vec<Key> {
    let mut found = Vec::new();
    let mut rest = body;
    while let Some(start) = rest.find("\"/subscriptions/") {
        let text = &rest[start + 1..];
        let end = text.find('"').unwrap_or(text.len());
        if text[..end].contains("/providers/") {
            found.push(key_of(&text[..end]));
        }
        rest = &text[end..];
    }
    found
}

/// Returns the subnet addresses that a body's IP configurations use.
fn claimed_addresses(body: &str) -> Vec<(Key, IpAddr)> {
    if !body.contains("\"privateIPAddress\"") {
        return Vec::new();
    }
    let Ok(Value::Object(body)) = serde_json::from_str(body) else { return Vec::new() };
    ["ipConfigurations", "frontendIPConfigurations"]
        .into_iter()
        .flat_map(|list| list_at(&body, &["properties", list]))
        .filter_map(|configuration| {
            let properties = configuration.get("properties")?.as_object()?;
            let subnet = text_at(properties, &["subnet", "id"])?;
            let address = text_at(properties, &["privateIPAddress"])?.parse().ok()?;
            Some((key_of(subnet), address))
        })
        .collect()
}

/// Returns the object ids of a resource's own identities.
fn principals(resource_type: &ResourceType, body: &str) -> Vec<String> {
    let is_identity = resource_type.name == "Microsoft.ManagedIdentity/userAssignedIdentities";
    if !body.contains("\"principalId\"") || resource_type.scope == Scope::Any {
        return Vec::new();
    }
    let Ok(Value::Object(body)) = serde_json::from_str(body) else { return Vec::new() };
    let path: &[&str] =
        if is_identity { &["properties", "principalId"] } else { &["identity", "principalId"] };
    text_at(&body, path).map(str::to_ascii_lowercase).into_iter().collect()
}

fn is_subnet(key: &str) -> bool {
    key.contains("/providers/microsoft.network/virtualnetworks/")
        && parent_key(key).is_some_and(|parent| key[parent.len()..].starts_with("/subnets/"))
}

/// Returns the address prefixes in a subnet's body.
pub(crate) fn subnet_prefixes(body: &serde_json::Map<String, Value>) -> Vec<Cidr> {
    let many = list_at(body, &["properties", "addressPrefixes"]).iter().filter_map(Value::as_str);
    let one = text_at(body, &["properties", "addressPrefix"]);
    let mut prefixes: Vec<Cidr> = Vec::new();
    for prefix in many.chain(one).filter_map(Cidr::parse) {
        if !prefixes.contains(&prefix) {
            prefixes.push(prefix);
        }
    }
    prefixes
}
